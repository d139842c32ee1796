//! Scales, axes and names of coordinates, and drawings of paths and arrows.

use super::*;

/// The scales of the axes follow from the data. They are equal if the ranges of the coordinates are
/// comparable.
#[test]
fn columns_of_different_units_have_scales_of_their_own() {
    let corners = |height: f64| points(&[[0.0, 0.0], [1.0, 0.0], [1.0, height], [0.0, height]]);
    let spans = |text: &str| {
        let at = circles(text);
        ((at[1].0 - at[0].0).abs(), (at[0].1 - at[3].1).abs())
    };
    let (across, up) = spans(&svg(&Chart::new("").with(Cloud::new(corners(5.0)))));
    assert!((up / across - 5.0).abs() < 0.05, "{across} {up}");
    let mixed = Chart::new("").with(Cloud::new(corners(1e4)));
    let text = svg(&mixed);
    let (across, up) = spans(&text);
    assert!(across > 300.0 && up > 200.0 && text.contains("The axes have different scales."), "{across} {up}");
    let (across, up) = spans(&Picture { equal: Some(true), ..Picture::new("").with(mixed.clone()) }.svg().unwrap());
    assert!(across < 1.0 && up > 300.0, "{across} {up}");
    // A constant coordinate has no scale that could differ.
    assert!(!svg(&Chart::new("").with(Cloud::new(points(&[[0.0, 7.0], [1.0, 7.0]])))).contains("different scales"));
}

/// One coordinate with large values does not hide the others.
#[test]
fn principal_axes_of_different_units_are_those_of_standardised_columns() {
    let mut cloud = Stream::new(4).normal(400, 4);
    for i in 0..cloud.n() {
        let row = cloud.row_mut(i);
        row[1] *= 1e5;
        row[3] = row[2] + 0.1 * row[3];
    }
    let text = svg(&Chart::new("").with(Cloud::new(cloud.clone())));
    assert!(text.contains("standardised before the projection"), "{text}");
    // Columns 2 and 3 are nearly equal, so the first axis holds half of the variance of four
    // standard columns.
    assert!(text.contains("principal axis 1 (50 %)") || text.contains("principal axis 1 (51 %)"));
    for i in 0..cloud.n() {
        cloud.row_mut(i)[1] *= 1e-5;
    }
    assert!(!svg(&Chart::new("").with(Cloud::new(cloud))).contains("standardised"));
}

#[test]
fn hidden_variance_is_told() {
    let text = svg(&Chart::new("").with(Cloud::new(Stream::new(1).normal(500, 20))));
    assert!(text.contains("of the variance lies in the other 18 directions"), "{text}");
}

#[test]
fn coordinates_have_the_names_of_their_columns() {
    let names = ["age", "income", "rate"].map(String::from);
    for dim in 1..=3 {
        let cloud = Cloud::new(Stream::new(1).normal(20, dim));
        let text = svg(&Chart::new("").with(cloud.clone()).coordinates(&names[..dim]));
        assert!(names[..dim].iter().all(|name| text.contains(&format!(">{name}<"))), "{dim}: {text}");
        let few = Chart::new("").with(cloud).coordinates(&names[..dim % 3 + 1]);
        assert_eq!(Picture::new("").with(few).svg().is_err(), dim % 3 + 1 != dim);
    }
}

/// The histograms of a picture show the same region, with the same density scale.
#[test]
fn histograms_share_their_axes() {
    let chart = |shift: f64| {
        let moved = Stream::new(1).normal(200, 1).data().iter().map(|x| x + shift).collect();
        Chart::new("").with(Cloud::new(Points::new(moved, 1, "cloud").unwrap()))
    };
    let mut picture = Picture::new("").with(chart(0.0)).with(chart(50.0));
    // The last tick of the shifted histogram is in both charts.
    assert_eq!(picture.svg().unwrap().matches(">40<").count(), 2);
    picture.same_axes = false;
    assert_eq!(picture.svg().unwrap().matches(">40<").count(), 0);
}

#[test]
fn all_pairs_of_coordinates() {
    let cloud = |n: usize| Cloud::new(Stream::new(1).normal(n, 3));
    let clouds = [cloud(60).label("target").backdrop(), cloud(40).label("particles")];
    let picture = Picture::pairs("all", &clouds, &[]).unwrap();
    let text = picture.svg().unwrap();
    // Six charts of pairs show all points of both clouds. Each cloud has one entry in the legend.
    assert_eq!(circles(&text).len(), 6 * 100, "{}", circles(&text).len());
    assert_eq!(text.matches(">target<").count(), 1);
    for dim in [1, 7] {
        let refused = Picture::pairs("", &[Cloud::new(Points::zeros(3, dim))], &[]).unwrap_err().to_string();
        assert!(refused.contains("shows 2 to 6"), "{refused}");
    }
    assert!(Picture::pairs("", &clouds, &["a".into()]).is_err() && Picture::pairs("", &[], &[]).is_err());
}

/// The paths of two particles are two lines through the places of the particles, on paper and in
/// space.
#[test]
fn ways_lead_through_the_places_of_a_particle() {
    let at = |t: f64, dim: usize| {
        let row = |i: f64| (0..dim).map(|j| t * (j as f64 + 1.0) + i).collect::<Vec<f64>>();
        std::sync::Arc::new(Points::from_rows(&[row(0.0), row(1.0)]).unwrap())
    };
    for dim in [2, 3, 5] {
        let clouds: Vec<_> = (0..4).map(|t| at(f64::from(t), dim)).collect();
        let chart = Chart::new("").with(Paths::new(clouds.clone()).label("paths"));
        assert!(svg(&chart).contains(">paths<"));
        let panel = prepared::Panel::of(&chart, &mut shared::Making::default()).unwrap();
        let paths: Vec<Vec<Vec<f64>>> = match panel {
            prepared::Panel::Plane(plane) => {
                let spots = |item: &axes_chart::Item| match item {
                    axes_chart::Item::Line { spots, .. } => Some(spots.iter().map(|spot| spot.to_vec()).collect()),
                    _ => None,
                };
                plane.items.iter().filter_map(spots).collect()
            }
            prepared::Panel::Solid(solid) => {
                solid.paths.iter().map(|path| path.places.iter().map(|place| place.to_vec()).collect()).collect()
            }
            _ => Vec::new(),
        };
        assert_eq!(paths.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4], "{dim}");
        if dim <= 3 {
            let path = |particle: usize| clouds.iter().map(|cloud| cloud.row(particle).to_vec()).collect::<Vec<_>>();
            assert_eq!(paths, [path(0), path(1)]);
        }
        let short = vec![clouds[0].clone(), std::sync::Arc::new(clouds[1].rows(0..1))];
        let refused = Picture::new("").with(Chart::new("").with(Paths::new(short))).svg().unwrap_err();
        assert!(refused.to_string().contains("2 in the first cloud"), "{refused}");
    }
    let one = Paths::new(vec![at(0.0, 2)]);
    assert!(Picture::new("").with(Chart::new("").with(one)).svg().unwrap_err().to_string().contains("at least 2"));
    let line = Paths::new(vec![at(0.0, 1), at(1.0, 1)]);
    assert!(Picture::new("").with(Chart::new("").with(line)).svg().unwrap_err().to_string().contains("1 coordinate"));
}

/// All arrows are scaled by one factor, so that neighbours hardly overlap.
#[test]
fn the_longest_arrow_is_about_as_long_as_the_grid_is_wide() {
    let places: Vec<[f64; 2]> = (0..100).map(|i| [f64::from(i % 10), f64::from(i / 10)]).collect();
    let vectors: Vec<[f64; 2]> = places.iter().map(|p| [40.0 * (p[0] + 1.0), 0.0]).collect();
    let text = svg(&Chart::new("").with(Arrows::new(points(&places), points(&vectors)).label("field")));
    assert!(
        text.contains("The longest arrow of &quot;field&quot; stands for a vector of length 400.")
            && text.contains(">field<")
    );
    let none = Arrows::new(points(&places), Points::zeros(100, 2));
    assert!(Picture::new("").with(Chart::new("").with(none)).svg().is_ok());
    let few = Arrows::new(points(&places), Points::zeros(3, 2));
    assert!(
        Picture::new("")
            .with(Chart::new("").with(few))
            .svg()
            .unwrap_err()
            .to_string()
            .contains("100 in the set of their places")
    );
    let space = Chart::new("").with(Arrows::new(Points::zeros(3, 3), Points::zeros(3, 3)));
    assert!(Picture::new("").with(space).svg().unwrap_err().to_string().contains("a chart in space"));
}

#[test]
fn a_picture_has_the_requested_size() {
    let chart = Chart::new("").with(Cloud::new(Stream::new(1).normal(20, 2)));
    let sized = |width: f64, height: f64| {
        let picture = Picture { size: Some((width, height)), ..Picture::new("").with(chart.clone()) };
        picture.png().map(|png| tiny_skia::Pixmap::decode_png(&png).unwrap())
    };
    let (small, large) = (sized(300.0, 200.0).unwrap(), sized(300.0, 500.0).unwrap());
    assert_eq!((small.width(), large.width(), large.height() - small.height()), (2 * 332, 2 * 332, 600));
    assert!(sized(10.0, 200.0).unwrap_err().to_string().contains("100 to 4000"));
    assert!(sized(f64::NAN, 200.0).is_err());
}
