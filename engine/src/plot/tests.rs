//! Properties that every picture must have, for any content.

use super::*;
use crate::rng::Stream;
use crate::{Error, Points};
use std::path::Path;

fn points<const D: usize>(rows: &[[f64; D]]) -> Points {
    Points::from_rows(rows).unwrap()
}

fn svg(chart: &Chart) -> String {
    Picture::new("").with(chart.clone()).svg().unwrap()
}

/// Returns the centres of all circles, in pixels.
fn circles(svg: &str) -> Vec<(f64, f64)> {
    let value = |line: &str, key: &str| -> f64 {
        let rest = line.split(&format!("{key}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    svg.lines().filter(|l| l.starts_with("<circle")).map(|l| (value(l, "cx"), value(l, "cy"))).collect()
}

#[test]
fn clouds_have_equal_scales_and_the_right_way_up() {
    let corners = points(&[[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [0.0, 1.0]]);
    let at = circles(&svg(&Chart::new("").with(Cloud::new(corners))));
    let (right, up) = (at[1].0 - at[0].0, at[0].1 - at[3].1);
    assert!(right > 300.0 && (right / up - 4.0).abs() < 0.02, "{at:?}");
    assert!((at[1].1 - at[0].1).abs() < 0.11 && (at[2].0 - at[1].0).abs() < 0.11);
}

#[test]
fn a_heat_map_has_one_fill_per_value_and_its_numbers() {
    let names = |n: usize| (0..n).map(|i| format!("n{i}")).collect::<Vec<_>>();
    let heat = |values: Vec<f64>| {
        Chart::new("").x("across").y("up").with(Heat::new(names(3), names(2), values).label("energy"))
    };
    let text = svg(&heat(vec![0.125, 2.5, f64::NAN, 4.0, 5.0, 6.0]));
    for word in ["across", "up", "energy", "n2", "0.125", "2.5"] {
        assert!(text.contains(&format!(">{word}<")), "{word}");
    }
    // There are six cells minus the empty one, and the strips of the bar.
    assert_eq!(text.matches("z\" fill=").count(), 5 + 64, "{text}");
    assert!(Picture::new("").with(heat(vec![1.0; 5])).svg().is_err());
    assert!(Picture::new("").with(heat(vec![f64::NAN; 6])).svg().is_ok());
    let mixed = heat(vec![1.0; 6]).with(Level::new(1.0, "floor"));
    assert!(Picture::new("").with(mixed).svg().is_err());
}

#[test]
fn a_logarithmic_axis_spaces_decades_evenly() {
    let curve = Curve::new(vec![0.0, 1.0, 2.0], vec![1e-4, 1e-2, 1.0]).marked();
    let at = circles(&svg(&Chart::new("").log_y().with(curve)));
    assert!(((at[0].1 - at[1].1) - (at[1].1 - at[2].1)).abs() < 0.21 && at[0].1 > at[2].1, "{at:?}");
}

#[test]
fn the_same_data_give_the_same_bytes() {
    let cloud = || Cloud::new(Stream::new(1).normal(6000, 40)).label("a < b & \"c\"");
    let chart = Chart::new("<title>").with(cloud()).with(Level::new(2.0, "floor"));
    let one = Picture::new("").with(chart.clone());
    assert_eq!(one.svg().unwrap(), one.svg().unwrap());
    assert_eq!(one.png().unwrap(), one.png().unwrap());
    let text = one.svg().unwrap();
    assert!(text.contains("a &lt; b &amp; &quot;c&quot;") && text.contains("&lt;title&gt;"));
    assert_eq!(text.matches("<g").count(), text.matches("</g>").count());
}

#[test]
fn large_clouds_are_thinned_and_say_so() {
    let text = svg(&Chart::new("").with(Cloud::new(Stream::new(1).normal(20_000, 2)).label("many")));
    // One more circle is in the legend.
    assert!((4_900..=5_001).contains(&circles(&text).len()), "{}", circles(&text).len());
    assert!(text.contains("Shown: 5,000 of 20,000 points of many."));
    assert!(text.len() < 400_000, "{}", text.len());
}

#[test]
fn far_outliers_do_not_shrink_the_rest() {
    let mut cloud = Stream::new(1).normal(500, 2);
    cloud.row_mut(3)[0] = 1e6;
    let text = svg(&Chart::new("").with(Cloud::new(cloud)));
    assert!(text.contains("1 far point lies"), "{text}");
    let at = circles(&text);
    let left = at.iter().map(|p| p.0).fold(f64::MAX, f64::min);
    let right = at.iter().map(|p| p.0).fold(0.0, f64::max);
    assert!(at.len() == 499 && right - left > 200.0);
}

#[test]
fn equal_names_have_equal_colours_and_clouds_share_axes() {
    let chart = |s: f64, names: [&str; 2]| {
        let cloud = |name: &str| Cloud::new(points(&[[0.0, 0.0], [s, s]])).label(name);
        Chart::new("").with(cloud(names[0])).with(cloud(names[1]))
    };
    let both = Picture::new("").with(chart(1.0, ["target", "SD"])).with(chart(2.0, ["target", "MMD"]));
    let text = both.svg().unwrap();
    for name in ["target", "SD", "MMD"] {
        assert_eq!(text.matches(&format!(">{name}</text>")).count(), 1, "{name} stands once in the legend");
    }
    let at = circles(&text);
    let at = &at[3..];
    let (first, second) = (at[1].0 - at[0].0, at[5].0 - at[4].0);
    assert!((second / first - 2.0).abs() < 0.01, "{first} {second}");
}

#[test]
fn nearer_points_of_a_solid_are_drawn_later_and_darker() {
    // The observer is in the direction of larger x1, smaller x2 and larger x3.
    let text = svg(&Chart::new("").with(Cloud::new(points(&[[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]]))));
    let at = circles(&text);
    assert!(at.len() == 2 && at[0].1 > at[1].1 - 300.0);
    let colours: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("<g fill=\"#")).map(|l| &l[..6]).collect();
    let light = |c: &str| u32::from_str_radix(&c[..2], 16).unwrap();
    assert!(light(colours[0]) > light(colours[1]), "{colours:?}");
}

#[test]
fn an_image_keeps_its_pixels() {
    let images = Images::new(points(&[[0.0, 1.0, 0.5, 0.25]]), 2, 2);
    let png = Picture::new("").with(Chart::new("").with(images)).png().unwrap();
    let pixels = tiny_skia::Pixmap::decode_png(&png).unwrap();
    // The file has two pixels per side for each pixel of the picture. The margin is 16 pixels, and
    // the image is enlarged twelve times.
    let grey = |x: u32, y: u32| pixels.pixel(x, y).unwrap().red();
    let seen = [grey(44, 44), grey(68, 44), grey(44, 68), grey(68, 68)];
    assert_eq!(seen, [0, 255, 128, 64]);
}

/// One extreme pixel does not make the rest of its chart grey, and equal values in two charts have
/// the same grey level.
#[test]
fn charts_of_images_share_their_grey_levels() {
    let mut bright: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
    bright[7] = 50.0;
    let dark: Vec<f64> = (0..400).map(|i| 0.5 * f64::from(i % 2)).collect();
    let images = |pixels: Vec<f64>| Images::new(Points::new(pixels, 4, "pixels").unwrap(), 2, 2);
    let picture = Picture::new("").with(Chart::new("").with(images(bright))).with(Chart::new("").with(images(dark)));
    let png = picture.png().unwrap();
    let pixels = tiny_skia::Pixmap::decode_png(&png).unwrap();
    let mut levels: Vec<u8> = pixels.pixels().iter().map(|p| p.red()).collect();
    levels.sort_unstable();
    levels.dedup();
    assert!(levels.contains(&128) && levels.contains(&0), "{levels:?}");
}

#[test]
fn every_degenerate_chart_is_a_readable_picture() {
    let curve = |x: &[f64], y: &[f64]| Chart::new("").with(Curve::new(x.to_vec(), y.to_vec()).label("c"));
    let cloud = |p: Points| Chart::new("").with(Cloud::new(p));
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let charts = [
        Chart::new(""),
        curve(&[], &[]),
        curve(&[1.0], &[1.0]),
        curve(&[0.0, 1.0, 2.0, 3.0], &[1.0, nan, inf, 2.0]),
        curve(&[nan; 3], &[nan; 3]),
        curve(&[0.0, 1.0, 2.0], &[-1e308, 1e308, 0.0]),
        curve(&[0.0, 1.0, 2.0], &[-1e300, 1e300, 0.0]),
        curve(&[0.0, 1e-300], &[5e-324, 1e-300]).log_y(),
        curve(&[0.0, -1.0], &[0.0, -1.0]).log_x().log_y(),
        curve(&[1.0, 1.0 + 1e-16], &[1.0, 1.0]),
        cloud(Points::zeros(1, 2)),
        cloud(Points::zeros(9, 3)),
        cloud(Points::zeros(9, 1)),
        cloud(Points::zeros(9, 7)),
        cloud(Points::new(vec![1e300; 300], 3, "p").unwrap()),
        cloud(Points::new(vec![1e-310; 300], 2, "p").unwrap()).log_x(),
        cloud(points(&[[-1e300, 1e300], [1e300, -1e300]])),
        cloud(points(&[[-1e300, 0.0, 1.0], [1e300, 0.0, 1.0]])),
        cloud(points(&[[-1e308], [1e308]])),
        cloud(points(&[[-1e308; 5], [1e308; 5]])),
        Chart::new("").with(Cloud::new(Points::default())),
        Chart::new("").with(Level::new(nan, "floor")),
        Chart::new("").with(Level::new(0.0, "floor")).log_y(),
        Chart::new("").with(Images::new(Points::zeros(1000, 1), 1, 1)),
        Chart::new("").with(Images::new(Points::zeros(2, 4000), 4000, 1)),
        Chart::new("a very long title ".repeat(50)).x("label ".repeat(99)).y("label ".repeat(99)),
        Chart::new("").with(Cloud::new(Points::zeros(1, 2)).label("name ".repeat(90))),
    ];
    for (i, chart) in charts.iter().enumerate() {
        let one = Picture::new("").with(chart.clone());
        let png = one.png().unwrap_or_else(|e| panic!("chart {i}: {e}"));
        let pixels = tiny_skia::Pixmap::decode_png(&png).unwrap();
        assert!(pixels.width() >= 1200 && pixels.height() >= 60, "chart {i}");
        let svg = one.svg().unwrap();
        let mut shapes = svg.lines().filter(|l| !l.starts_with("<text"));
        assert!(shapes.all(|l| !l.contains("NaN") && !l.contains("inf")), "chart {i}: {svg}");
    }
    let many = Picture { charts: charts[..12].to_vec(), columns: Some(7), ..Picture::new("all") };
    assert!(many.png().is_ok());
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let cloud = |dim| Cloud::new(Points::zeros(3, dim));
    let refused = |chart: Chart| Picture::new("").with(chart).svg().unwrap_err().to_string();
    assert!(refused(Chart::new("").with(cloud(2)).with(cloud(3))).contains("3 columns, but the first cloud has 2"));
    assert!(refused(Chart::new("").with(Curve::new(vec![1.0], vec![]))).contains("0 values, but x has 1"));
    assert!(refused(Chart::new("").with(Images::new(Points::zeros(2, 9), 2, 4))).contains("2 x 4"));
    assert!(refused(Chart::new("").with(Cloud { alpha: Some(2.0), ..cloud(2) })).contains("alpha"));
    let ranged = Axis { range: Some((2.0, 1.0)), ..Axis::default() };
    assert!(refused(Chart { x: ranged, ..Chart::new("") }).contains("x range"));
    assert!(Picture::new("").svg().is_err());
    let nameless = Chart::new("").save(Path::new("/nowhere/plot.pdf")).unwrap_err();
    assert!(matches!(nameless, Error::Argument { .. }), "{nameless}");
    assert!(matches!(Chart::new("").save(Path::new("/nowhere/plot.svg")), Err(Error::Io { .. })));
}

/// Each frame shows the cloud of one chart on the axes of all charts, and the last frame is shown
/// for longer.
#[test]
fn an_animation_has_a_frame_for_each_chart() {
    let cloud = |shift: f64| Points::from_rows(&[[shift, 0.0], [shift + 1.0, 1.0]]).unwrap();
    let chart = |i: usize| Chart::new(format!("step {i}")).with(Cloud::new(cloud(10.0 * i as f64)));
    let picture = (0..4).map(chart).fold(Picture::new("path"), Picture::with);
    let bytes = picture.gif(2.0).unwrap();
    assert_eq!(bytes, picture.gif(2.0).unwrap());
    let mut decoder = gif::DecodeOptions::new();
    decoder.set_color_output(gif::ColorOutput::RGBA);
    let mut file = decoder.read_info(&bytes[..]).unwrap();
    let (width, height) = (file.width(), file.height());
    let mut frames = Vec::new();
    while let Some(frame) = file.read_next_frame().unwrap() {
        assert_eq!((frame.width, frame.height), (width, height));
        frames.push((frame.delay, frame.buffer.to_vec()));
    }
    assert_eq!(frames.iter().map(|(delay, _)| *delay).collect::<Vec<_>>(), [50, 50, 50, 100]);
    // The cloud moves to the right, and the mean position of its colour moves with it.
    let middle = |rgba: &[u8]| {
        let is_blue = |p: &[u8]| i32::from(p[2]) - i32::from(p[0]) > 60;
        let columns = rgba.chunks_exact(4).enumerate().filter(|(_, p)| is_blue(p)).map(|(i, _)| i % usize::from(width));
        let columns: Vec<usize> = columns.collect();
        columns.iter().sum::<usize>() as f64 / columns.len() as f64
    };
    let middles: Vec<f64> = frames.iter().map(|(_, rgba)| middle(rgba)).collect();
    assert!(middles.windows(2).all(|pair| pair[1] > pair[0] + 50.0), "{middles:?}");
    let single = picture.png_frames().unwrap();
    assert!(single.len() == 4 && single.iter().all(|png| png.starts_with(b"\x89PNG")));
    for seconds in [0.0, f64::NAN, 1e9] {
        assert!(picture.gif(seconds).unwrap_err().to_string().contains("between 0.1 and 600"));
    }
    let none = Picture::new("").gif(1.0).unwrap_err().to_string();
    assert!(none.contains("1 to 500 frames"), "{none}");
}

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
    assert!(
        text.contains("principal axis 1 (50 % of variance)") || text.contains("principal axis 1 (51 % of variance)")
    );
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
