use super::*;
use sdflow::rng::Stream;

fn filmed(total: usize, cloud: &Points) -> serde_json::Value {
    let mut film = Film::new((2, "run sd_flow"), cloud, Some(cloud));
    (0..=total).for_each(|done| film.take(done, total, cloud));
    serde_json::from_str(&film.json().unwrap()).unwrap()
}

fn normal(n: usize, dim: usize) -> Points {
    Stream::new(1).normal(n, dim)
}

#[test]
fn frames_are_spread_from_the_start_to_the_end() {
    for total in [1, 2, 5, 60, 61, 100, 1000, 12345] {
        let steps: Vec<usize> = serde_json::from_value(filmed(total, &normal(5, 2))["steps"].clone()).unwrap();
        assert_eq!((steps[0], steps[steps.len() - 1]), (0, total));
        let gaps: Vec<usize> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(*gaps.iter().max().unwrap() <= total.div_ceil(60), "{total}: {gaps:?}");
        assert!(steps.len() <= 61 + 14, "{}", steps.len());
    }
}

#[test]
fn a_run_that_ends_early_is_seen_to_its_end() {
    let cloud = normal(5, 2);
    let mut film = Film::new((1, "run"), &cloud, None);
    (0..15).for_each(|done| film.take(done, 10_000, &cloud));
    film.end(15, &cloud);
    let film: serde_json::Value = serde_json::from_str(&film.json().unwrap()).unwrap();
    assert_eq!(film["steps"], serde_json::json!([0, 1, 2, 4, 8, 15]));
}

#[test]
fn a_film_is_small_and_its_positions_are_those_of_the_cloud() {
    let cloud = normal(10_000, 3);
    let film = filmed(100, &cloud);
    assert!(film.to_string().len() < 900_000, "{}", film.to_string().len());
    assert_eq!((&film["particles"], &film["run"]), (&10_000.into(), &2.into()));
    let bytes = BASE64_STANDARD.decode(film["frames"].as_str().unwrap()).unwrap();
    let shown = film["shown"].as_u64().unwrap() as usize;
    assert_eq!(bytes.len(), 2 * 3 * film["steps"].as_array().unwrap().len() * shown);
    let rows = thin(10_000, PARTICLES, 10_000);
    for (i, pair) in bytes.chunks_exact(2).take(3 * shown).enumerate() {
        let share = f64::from(u16::from_le_bytes([pair[0], pair[1]])) / f64::from(u16::MAX);
        let (low, high) = (film["low"][i % 3].as_f64().unwrap(), film["high"][i % 3].as_f64().unwrap());
        let wanted = cloud.row(rows[i / 3])[i % 3].clamp(low, high);
        assert!((low + share * (high - low) - wanted).abs() < 1e-4, "{i}");
    }
}

/// Five groups are stored in turn, so that the rows have a period of 5. Particles of all groups
/// are shown.
#[test]
fn the_choice_of_particles_has_no_period() {
    let rows: Vec<[f64; 1]> = (0..7500).map(|i| [f64::from(i % 5)]).collect();
    let points = Points::from_rows(&rows).unwrap();
    let film = Film::new((1, "run"), &points, None);
    let shown = film.positions(&points, &film.chosen);
    for group in 0..5 {
        let share = shown.iter().filter(|x| **x == group as f32).count() as f64 / shown.len() as f64;
        assert!((share - 0.2).abs() < 0.04, "{group}: {share}");
    }
}

#[test]
fn an_outlier_does_not_empty_the_film() {
    let mut cloud = normal(300, 2);
    cloud.row_mut(7)[0] = 1e4;
    let film = filmed(5, &cloud);
    assert!(film["high"][0].as_f64().unwrap() < 10.0 && film["outside"] == true, "{}", film["high"]);
    assert_eq!(filmed(5, &normal(300, 2))["outside"], false);
}

/// A start that is a hundred times wider than the end is drawn at the edge.
#[test]
fn a_wide_start_does_not_shrink_the_end_to_a_dot() {
    let end = normal(300, 2);
    let scaled = |factor: f64| {
        let mut cloud = end.clone();
        cloud.data_mut().iter_mut().for_each(|x| *x *= factor);
        cloud
    };
    let range = |first: f64| {
        let mut film = Film::new((1, "run"), &scaled(first), None);
        for (step, factor) in [first, 1.0].into_iter().enumerate() {
            film.take(step, 2, &scaled(factor));
        }
        let film: serde_json::Value = serde_json::from_str(&film.json().unwrap()).unwrap();
        (film["high"][0].as_f64().unwrap() - film["low"][0].as_f64().unwrap(), film["outside"] == true)
    };
    let (near, far) = (range(4.0), range(100.0));
    assert!(near.0 > 16.0 && !near.1, "{near:?}");
    assert!((8.0..30.0).contains(&far.0) && far.1, "{far:?}");
}

#[test]
fn many_coordinates_are_projected_and_a_short_run_has_no_film() {
    assert_eq!(filmed(3, &normal(50, 10))["axes"].as_array().unwrap().len(), 2);
    let cloud = normal(5, 2);
    let mut film = Film::new((1, "run"), &cloud, None);
    film.take(0, 10, &cloud);
    assert_eq!(film.json(), None);
}
