//! Properties that every picture must have, for any content.

mod coordinates;
mod space;

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
