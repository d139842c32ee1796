//! Tests of tables.

use super::*;

fn sample() -> Table {
    let mut table = Table::default();
    table.push([("flow", Cell::from("SD|x")), ("energy", Cell::Estimate { value: 0.00213, se: 0.00031 })]);
    table.push([("flow", Cell::from("MMD, far")), ("energy", Cell::Number(f64::NAN)), ("modes", Cell::from(7.0))]);
    table
}

#[test]
fn text_is_aligned() {
    let want = "\
flow                 energy  modes
────────  ─────────────────  ─────
SD|x      0.00213 ± 0.00031
MMD, far                NaN      7
";
    assert_eq!(sample().text(), want);
}

#[test]
fn markdown_escapes_bars() {
    let markdown = sample().markdown();
    assert!(markdown.contains("| SD\\|x    | 0.00213 ± 0.00031 |       |"), "{markdown}");
    assert!(markdown.lines().all(|l| l.matches('|').count() - l.matches("\\|").count() == 4));
}

#[test]
fn csv_has_errors_beside_values() {
    let want = "flow,energy,energy_se,modes\nSD|x,0.00213,0.00031,\n\"MMD, far\",NaN,,7\n";
    assert_eq!(sample().csv().unwrap(), want);
    assert_eq!(Table::default().csv().unwrap(), "");
    assert_eq!(Table::default().text(), "\n\n");
}

#[test]
fn json_keeps_numbers() {
    let want = json!([
        { "flow": "SD|x", "energy": { "value": 0.00213, "se": 0.00031 } },
        { "flow": "MMD, far", "energy": null, "modes": 7.0 },
    ]);
    assert_eq!(sample().json(), want);
    assert!(sample().values("energy")[1].is_nan());
    assert_eq!(*sample().cell(0, "nothing"), Cell::Empty);
}
