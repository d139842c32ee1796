//! The separator of a table, found by trying all of them on all of its lines.

use super::super::load_options::{Column, Header, LoadOptions};
use super::super::origin::Origin;
use super::super::table_options::{Decimal, Separator};
use super::cell::fraction;
use super::content::Content;
use super::records::{Malformed, Split};
use super::survey::Survey;
use crate::{Error, Result, Rule};

/// Returns the table, split by one separator. It is the separator that `options` names; otherwise
/// the one that gives every line the same number of cells and the most columns of numbers.
///
/// # Errors
/// Lines differ in their numbers of cells (the error gives the first such line), or the file could
/// also be one column of numbers with a decimal comma.
pub(super) fn survey(content: &Content, options: &LoadOptions, origin: &Origin) -> Result<Survey> {
    let candidates = candidates(options);
    let short_allowed = options.header != Header::No;
    let found = candidates.iter().filter(|&&split| candidates.len() == 1 || occurs(split, content.text));
    let surveys = found.filter_map(|&split| Survey::new(content, split, short_allowed));
    let surveys: Vec<Survey> = surveys.filter(|s| s.first.len() > 1 || candidates.len() == 1).collect();
    // If scores are equal, the first candidate is chosen.
    let best = surveys.into_iter().rev().max_by_key(|s| s.score(true));
    let best = best.or_else(|| one_column(content, &candidates, options.decimal == Decimal::Comma));
    let best = best.ok_or_else(|| fault(content, &candidates, origin))?;
    if best.split == Split::At(b',') && may_be_one_column(content, &best, options) {
        let seen = "its lines may be two whole numbers or one number with a decimal comma";
        let rule = Rule::Stated(&[("separator", "\",\""), ("decimal", "\",\"")]);
        return Err(origin.wrong(seen, rule.worded("the option `separator` or `decimal` must say which")));
    }
    Ok(best)
}

/// Returns the table as one column, if each line is a number or contains no separator.
fn one_column(content: &Content, candidates: &[Split], comma: bool) -> Option<Survey> {
    let survey = Survey::new(content, Split::Never, false)?;
    (survey.score(comma) > 0 || !candidates.iter().any(|&split| occurs(split, content.text))).then_some(survey)
}

/// Returns the possible separators, beginning with the most likely.
fn candidates(options: &LoadOptions) -> Vec<Split> {
    match options.separator {
        Separator::Tab => vec![Split::At(b'\t')],
        Separator::Semicolon => vec![Split::At(b';')],
        Separator::Comma => vec![Split::At(b',')],
        Separator::Space => vec![Split::Blanks],
        // A comma that is the decimal mark is not a separator.
        Separator::Auto if options.decimal == Decimal::Comma => {
            vec![Split::At(b'\t'), Split::At(b';'), Split::Blanks]
        }
        Separator::Auto => vec![Split::At(b'\t'), Split::At(b';'), Split::At(b','), Split::Blanks],
    }
}

fn occurs(split: Split, text: &str) -> bool {
    match split {
        Split::At(byte) => text.as_bytes().contains(&byte),
        Split::Blanks => text.lines().any(|line| line.trim().contains([' ', '\t'])),
        Split::Never => false,
    }
}

/// Returns the error for a table that no separator splits into lines of equal length.
fn fault(content: &Content, candidates: &[Split], origin: &Origin) -> Error {
    let cuts_first = |split: &&Split| {
        let mut records = content.records(**split);
        matches!(records.advance(), Ok(true)) && records.cells.len() > 1
    };
    let first = content.text.split(['\n', '\r']).next().unwrap_or_default();
    let split = candidates.iter().find(cuts_first);
    let split = split.or_else(|| candidates.iter().find(|split| occurs(**split, first)));
    let split = split.or_else(|| candidates.iter().find(|split| occurs(**split, content.text)));
    let mut records = content.records(split.copied().unwrap_or(Split::Never));
    let mut width = None;
    loop {
        match records.advance() {
            Err(malformed) => return cannot_be_cut(malformed, origin),
            Ok(false) => return origin.wrong("it has no rows", "at least one row of numbers is expected"),
            Ok(true) => {}
        }
        let (len, line) = (records.cells.len(), format!("line {}", records.line));
        let seen = if len == 1 { "it has 1 cell".into() } else { format!("it has {len} cells") };
        match *width.get_or_insert(len) {
            width if width == len => {}
            _ if records.cells[0].starts_with('#') => {
                let want = "a line that begins with `#` is a comment only above the first row";
                return origin.wrong_at(line, seen, want);
            }
            width => {
                return origin.wrong_at(line, seen, format!("the lines before have {width}"));
            }
        }
    }
}

/// Returns the error for a record that cannot be split into cells.
pub(super) fn cannot_be_cut(malformed: Malformed, origin: &Origin) -> Error {
    origin.wrong_at(malformed.place, malformed.seen, malformed.want)
}

/// True if two columns of whole numbers could be one column of numbers with a decimal comma. Their
/// fractions then have the same number of digits, or none ends in a zero.
fn may_be_one_column(content: &Content, survey: &Survey, options: &LoadOptions) -> bool {
    let is_stated = options.separator != Separator::Auto || options.decimal != Decimal::Auto;
    let columns = options.columns.iter().flatten().any(|column| *column != Column::At(0));
    let header = options.header == Header::Yes && !survey.is_short;
    if survey.first.len() != 2 || is_stated || columns || header {
        return false;
    }
    let mut records = content.records(Split::Never);
    let (mut length, mut is_fixed, mut is_shortest) = (None, true, true);
    let mut is_name = survey.is_short;
    loop {
        match records.advance() {
            Ok(true) => {}
            Ok(false) => return is_fixed || is_shortest,
            Err(_) => return false,
        }
        if std::mem::take(&mut is_name) {
            continue;
        }
        let Some(digits) = fraction(&records.cells[0]).filter(|digits| digits.len() <= 17) else { return false };
        is_fixed &= *length.get_or_insert(digits.len()) == digits.len();
        is_shortest &= digits == "0" || !digits.ends_with('0');
    }
}
