//! Charts of points in space.

use super::*;

/// A text of a picture: left, right, upper and lower end of its line, in pixels, roughly.
#[derive(Debug)]
struct Text {
    words: String,
    across: (f64, f64),
    down: (f64, f64),
}

fn texts(svg: &str) -> Vec<Text> {
    let of = |line: &str| {
        let value = |key: &str| -> f64 {
            line.split(&format!(" {key}=\"")).nth(1).and_then(|rest| rest.split('"').next()?.parse().ok()).unwrap()
        };
        let words = line.split('>').nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_string();
        let (x, y, size) = (value("x"), value("y"), value("font-size"));
        let wide = 0.55 * size * words.chars().count() as f64;
        let left = match line {
            line if line.contains("\"middle\"") => x - 0.5 * wide,
            line if line.contains("\"end\"") => x - wide,
            _ => x,
        };
        Text { words, across: (left, left + wide), down: (y - 0.85 * size, y + 0.15 * size) }
    };
    svg.lines().filter(|line| line.starts_with("<text")).map(of).collect()
}

fn overlap(a: (f64, f64), b: (f64, f64)) -> bool {
    a.0 < b.1 && b.0 < a.1
}

#[test]
fn labels_of_flat_boxes_do_not_overlap() {
    for sizes in [[4.2, 4.2, 1.4], [3.0, 2.5, 1.2], [1.0, 1.0, 1.0], [9.0, 1.0, 1.0], [1.0, 9.0, 9.0]] {
        let mut rng = Stream::new(1).rng();
        let values = (0..900).map(|i| sizes[i % 3] * (2.0 * rng.uniform() - 1.0)).collect();
        let cloud = Points::new(values, 3, "cloud").unwrap();
        for columns in [1, 2, 4] {
            let chart = Chart::new("").with(Cloud::new(cloud.clone()));
            let mut picture = Picture::new("");
            (0..columns).for_each(|_| picture.charts.push(chart.clone()));
            let texts = texts(&Picture { columns: Some(columns), ..picture }.svg().unwrap());
            assert!(texts.len() >= columns * 9, "three names and at least two ticks each: {texts:?}");
            for (i, a) in texts.iter().enumerate() {
                for b in &texts[..i] {
                    let both = overlap(a.across, b.across) && overlap(a.down, b.down);
                    assert!(!both, "{sizes:?}, {columns} columns: {} and {} overlap", a.words, b.words);
                }
            }
        }
    }
}

/// A flat chart beside a tall view of space keeps its own height, so that its axes show no empty
/// paper.
#[test]
fn a_flat_chart_beside_a_tall_view_keeps_its_height() {
    let square = points(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    let tall = points(&[[0.0, 0.0, 0.0], [1.0, 0.0, 5.0], [1.0, 1.0, 9.0], [0.0, 1.0, 3.0]]);
    let flat = Chart::new("").with(Cloud::new(square));
    let span = |picture: &Picture| {
        let at = circles(&picture.svg().unwrap());
        (at[1].0 - at[0].0, at[0].1 - at[3].1)
    };
    let beside = Picture::new("").with(flat.clone()).with(Chart::new("").with(Cloud::new(tall)));
    assert_eq!(span(&beside), span(&Picture::new("").with(flat.clone()).with(flat)));
}
