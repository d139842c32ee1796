//! The decision whether the first record of a table is a header.

use super::super::load_options::{Column, Header, LoadOptions};
use super::super::origin::Origin;
use super::cell::Kind;
use super::content::Content;
use super::survey::Survey;
use crate::{Error, Result, Rule};

/// The decision about the first record.
pub(super) struct Verdict {
    pub is_header: bool,
    /// A note on the decision, if another reading was possible.
    pub note: Option<String>,
}

/// Decides from all selected columns whether the first record is a header.
///
/// # Errors
/// Both readings are possible: the record has names above some columns and numbers above others, or
/// it consists of the positions 0, 1, ... or of consecutive whole numbers above decimals.
pub(super) fn judge(survey: &Survey, content: &Content, options: &LoadOptions, origin: &Origin) -> Result<Verdict> {
    let certain = |is_header| Ok(Verdict { is_header, note: None });
    let by_name = options.columns.iter().flatten().any(|column| matches!(column, Column::Named(_)));
    match options.header {
        Header::Yes => return certain(true),
        Header::No => return certain(false),
        Header::Auto if by_name || survey.is_short || is_above_index(survey) => return certain(true),
        Header::Auto => {}
    }
    let wanted = selected_columns(survey, options);
    let kind = |j: usize| Kind::of(&survey.first[j]);
    let has_text = wanted.iter().any(|&j| kind(j) == Kind::Text);
    if survey.rows == 0 {
        return certain(has_text);
    }
    // A name above other text decides nothing, because a column of names has text in all rows.
    let names = |j: usize| kind(j) == Kind::Text && survey.columns[j].count(Kind::Text) == 0;
    let values = |j: usize| kind(j) == Kind::Odd || kind(j).is_number();
    match (wanted.iter().any(|&j| names(j)), wanted.iter().any(|&j| values(j))) {
        (true, true) => Err(either(content, "it has names and numbers", origin)),
        (true, false) => certain(true),
        (false, false) => certain(has_text),
        (false, true) if wanted.iter().all(|&j| kind(j) == Kind::Whole) => positions(survey, &wanted, content, origin),
        (false, true) => certain(false),
    }
}

/// Returns the selected columns.
fn selected_columns(survey: &Survey, options: &LoadOptions) -> Vec<usize> {
    let chosen = |j: &usize| options.columns.as_ref().is_none_or(|columns| columns.contains(&Column::At(*j)));
    (0..survey.first.len()).filter(chosen).collect()
}

/// True if the first cell is empty and lies above names of rows, as in an index written by pandas.
fn is_above_index(survey: &Survey) -> bool {
    let Some((corner, names)) = survey.first.split_first().filter(|_| survey.rows > 0) else { return false };
    let all_named = names.iter().all(|name| matches!(Kind::of(name), Kind::Text | Kind::Whole));
    let index = &survey.row_names;
    let counted = index.counts() && all_named || index.is_plausible() && are_positions(names);
    corner.is_empty() && !names.is_empty() && counted
}

/// True if these are 0, 1, ..., which pandas writes for unnamed columns.
fn are_positions(names: &[String]) -> bool {
    names.iter().enumerate().all(|(j, name)| *name == j.to_string())
}

/// True if each of these is one more than the one before, as years are.
fn are_consecutive(names: &[String]) -> bool {
    let numbers: Option<Vec<i64>> = names.iter().map(|name| name.parse().ok()).collect();
    numbers.is_some_and(|numbers| numbers.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])))
}

/// Decides about a first record that consists of whole numbers.
fn positions(survey: &Survey, wanted: &[usize], content: &Content, origin: &Origin) -> Result<Verdict> {
    let all_are = |kind: Kind| wanted.iter().all(|&j| survey.columns[j].count(kind) == survey.rows);
    // A single column of whole numbers may begin with the value 0, which is then not a name.
    if are_positions(&survey.first) && (wanted.len() > 1 || !all_are(Kind::Whole)) {
        return Err(either(content, "it holds the positions of the columns, which can be names or a row", origin));
    }
    if survey.first.len() > 1 && all_are(Kind::Point) && are_consecutive(&survey.first) {
        return Err(either(
            content,
            "it holds consecutive whole numbers above decimals, which can be names or a row",
            origin,
        ));
    }
    let line = content.line;
    let note = format!("the whole numbers in line {line} were taken as a row, not as names");
    Ok(Verdict { is_header: false, note: (wanted.len() > 1 && all_are(Kind::Point)).then_some(note) })
}

fn either(content: &Content, seen: &str, origin: &Origin) -> Error {
    let rule = Rule::Stated(&[("header", "true"), ("header", "false")]);
    let want = rule.worded("the option `header` must say whether it is a header");
    origin.wrong_at(format!("line {}", content.line), seen, want)
}
