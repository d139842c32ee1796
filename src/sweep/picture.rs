//! The picture of a sweep.

use super::plan::{Group, SEED, SweepPlan};
use super::seed_mean::PlaceMean;
use sdflow::plot::{Picture, Place, survey};

/// Draws `metric` over the axes; None if [`survey`] cannot draw them.
pub fn picture(plan: &SweepPlan, means: &[PlaceMean], metric: &str) -> Option<Picture> {
    // If several axes vary together, the first of them is drawn.
    let leader = |group: &Group| group.0.iter().find(|axis| axis.name != SEED).map(|axis| axis.name.clone());
    let leaders: Vec<String> = plan.groups.iter().filter_map(leader).collect();
    let place = |mean: &PlaceMean| Place {
        axes: mean.place.iter().filter(|(name, _)| leaders.contains(name)).cloned().collect(),
        value: mean.mean.value,
        se: mean.mean.se.unwrap_or(f64::NAN),
        floor: mean.floor.unwrap_or(f64::NAN),
    };
    let places: Vec<Place> = means.iter().map(place).collect();
    let seeds = if means.iter().any(|mean| mean.mean.seeds > 1) { ", mean over seeds" } else { "" };
    survey(&places, metric, &format!("{metric}{seeds}"))
}
