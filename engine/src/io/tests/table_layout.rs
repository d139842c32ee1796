//! The layout of a `.csv`, decided from all of its lines. The expected values are those of pandas
//! 3.1 (`read_csv` with the separator, header, decimal mark and index column given, `dropna`) and,
//! for aligned columns, of NumPy 2.4 (`loadtxt`).

use super::*;
use crate::Rule;
use proptest::prelude::*;

fn loaded(text: &str, json: &str) -> Result<Loaded> {
    let folder = Folder::new();
    load_with_note(&folder.file("x.csv", text.as_bytes()), &options(json))
}

/// Asserts that the file has these rows and this note.
fn reads(text: &str, json: &str, rows: &[&[f64]], note: Option<&str>) {
    let loaded = loaded(text, json).unwrap_or_else(|e| panic!("{text:?}, {json}: {e}"));
    let seen: Vec<&[f64]> = loaded.points.iter().collect();
    assert_eq!((seen.as_slice(), loaded.note.as_deref()), (rows, note), "{text:?}, {json}");
}

/// Returns the sentence of the error, and the options that it offers.
fn refused(text: &str, json: &str) -> (String, Vec<&'static str>) {
    let error = loaded(text, json).map(|l| panic!("{text:?}: {:?}", l.points)).unwrap_err();
    let offered = match &error {
        Error::File { want, .. } => match want.rule {
            Rule::Stated(options) => options.iter().map(|(name, _)| *name).collect(),
            _ => Vec::new(),
        },
        other => panic!("{other}"),
    };
    (error.to_string().split_once("x.csv").unwrap().1.to_string(), offered)
}

#[test]
fn a_header_of_positions_may_be_a_row() {
    let text = "0,1\n0.5,2.5\n1.5,3.5\n2.5,4.5\n";
    let (sentence, offered) = refused(text, "{}");
    assert_eq!(
        sentence,
        ", line 1: it holds the positions of the columns, which can be names or a row, but the option `header` must \
         say whether it is a header"
    );
    assert_eq!(offered, ["header", "header"]);
    reads(text, r#"{"header": true}"#, &[&[0.5, 2.5], &[1.5, 3.5], &[2.5, 4.5]], None);
    reads(text, r#"{"header": false}"#, &[&[0., 1.], &[0.5, 2.5], &[1.5, 3.5], &[2.5, 4.5]], None);
    // If a column is requested by name, the first line is a header.
    reads(text, r#"{"columns": ["1"]}"#, &[&[2.5], &[3.5], &[4.5]], None);
    assert_eq!(refused("0\n0.5\n1.5\n", "{}").1, ["header", "header"]);
    reads("0\n1\n1\n0\n", "{}", &[&[0.], &[1.], &[1.], &[0.]], None);
    let note = "3 rows, 2 columns; the whole numbers in line 1 were taken as a row, not as names";
    reads("2019,2024\n0.5,1.5\n2.5,3.5\n", "{}", &[&[2019., 2024.], &[0.5, 1.5], &[2.5, 3.5]], Some(note));
    assert_eq!(refused("x,2\n1.5,3\n2.5,4\n", "{}").1, ["header", "header"]);
}

#[test]
fn a_first_row_that_cannot_be_read_is_no_header() {
    let (sentence, _) = refused("\"1,234.5\",2\n987.5,3\n876.5,4\n", "{}");
    assert_eq!(
        sentence,
        ", line 1, column 1: the cell holds `1,234.5`, but every cell must be a finite number, without separators of \
         thousands"
    );
    for first in ["5%", "inf", "2020-01-01", "1'000", "NA", ""] {
        let (sentence, _) = refused(&format!("{first},2\n3,4\n-5,6\n"), "{}");
        assert!(sentence.starts_with(", line 1, column 1: the cell "), "{sentence}");
    }
}

#[test]
fn a_hash_below_the_header_is_no_comment() {
    let text = "id,a,b\n1,0.5,1\n#2,1.5,2\n3,2.5,3\n#4,3.5,4\n";
    let (sentence, _) = refused(text, "{}");
    assert!(sentence.starts_with(", line 3, column 1 (id): the cell holds `#2`, but"), "{sentence}");
    assert!(sentence.ends_with("a line that begins with `#` is a comment only above the first row"), "{sentence}");
    reads(text, r#"{"columns": ["a", "b"]}"#, &[&[0.5, 1.], &[1.5, 2.], &[2.5, 3.], &[3.5, 4.]], None);
    let (sentence, _) = refused("1,2\n# more\n-3,4\n", "{}");
    assert_eq!(
        sentence,
        ", line 2: it has 1 cell, but a line that begins with `#` is a comment only above the first row"
    );
    // Above the first row, a line that begins with `#` and has the numbers of a row is refused: as
    // a comment, it would be lost.
    let (sentence, _) = refused("#1,0.5,1\n#2,1.5,2\n3,2.5,3\n", "{}");
    assert!(sentence.starts_with(", line 1: it begins with `#` but holds numbers like a row"), "{sentence}");
}

#[test]
fn names_in_a_comment() {
    // This is the output of np.savetxt(.., header="a b").
    let text = "# a b\n0.5 1.5\n2.5 3.5\n";
    let rows: [&[f64]; 2] = [&[0.5, 1.5], &[2.5, 3.5]];
    reads(text, "{}", &rows, Some("2 rows, 2 columns; 1 comment line above the first row left out"));
    let note = "2 rows, columns a, b; the names are those of the comment above the first row";
    reads(text, r#"{"header": true}"#, &rows, Some(note));
    let note = "2 rows, column b; the names are those of the comment above the first row";
    reads(text, r#"{"columns": ["b"]}"#, &[&[1.5], &[3.5]], Some(note));
}

#[test]
fn the_index_of_pandas_is_no_coordinate() {
    let rows: [&[f64]; 3] = [&[0.5, 1.5], &[2.5, 3.5], &[4.5, 5.5]];
    let note = "3 rows, columns a, b; the unnamed first column was taken as the row index and left out";
    let text = ",a,b\n0,0.5,1.5\n1,2.5,3.5\n2,4.5,5.5\n";
    reads(text, "{}", &rows, Some(note));
    reads(text, r#"{"columns": [0, 2]}"#, &[&[0., 1.5], &[1., 3.5], &[2., 5.5]], None);
    // The same holds without names of columns, for shuffled row numbers, and for words as names of
    // rows.
    reads(",0,1\n0,0.5,1.5\n1,2.5,3.5\n2,4.5,5.5\n", "{}", &rows, Some(&note.replace("a, b", "0, 1")));
    reads(",a,b\n7,0.5,1.5\n3,2.5,3.5\n9,4.5,5.5\n", "{}", &rows, Some(note));
    reads(",a,b\nu,0.5,1.5\nv,2.5,3.5\nu,4.5,5.5\n", "{}", &rows, Some(note));
    // A first column that repeats a number, or has fractions, may be a coordinate.
    for text in [",a\n3,0.5\n3,1.5\n", ",a\n0.5,1\n1.5,2\n"] {
        assert_eq!(refused(text, "{}").1, ["columns", "columns"]);
    }
    let note = "3 rows, columns id, a; the column id counts the rows and was taken as a coordinate";
    reads("id,a\n1,0.5\n2,2.5\n3,4.5\n", "{}", &[&[1., 0.5], &[2., 2.5], &[3., 4.5]], Some(note));
}

#[test]
fn the_row_names_of_r_are_no_coordinate() {
    let note = "2 rows, columns x, y; the header has one name fewer than the rows have cells, so that the first column \
                was taken as the names of the rows and left out";
    // These are the outputs of write.table(d), write.table(d, quote = FALSE) for a part of the
    // rows, and write.table(d, sep = ",").
    for text in [
        "\"x\" \"y\"\n\"1\" 0.5 1.5\n\"2\" 2.5 3.5\n",
        "x y\n7 0.5 1.5\n3 2.5 3.5\n",
        "\"x\",\"y\"\n\"r one\",0.5,1.5\n\"r two\",2.5,3.5\n",
    ] {
        reads(text, "{}", &[&[0.5, 1.5], &[2.5, 3.5]], Some(note));
    }
    reads("\"x\"\n\"1\" 0.5\n\"2\" 2.5\n", r#"{"columns": ["x"]}"#, &[&[0.5], &[2.5]], None);
    // The texts have a title above two columns, a header with another separator, and a first row
    // that is too short.
    for text in ["A title\n1.5,0.5\n3.5,2.5\n", "a,b\n1 2\n3 4\n", "1,2\n3,4,5\n6,7,8\n"] {
        assert!(refused(text, "{}").0.contains("but the lines before have"), "{text:?}");
    }
}

#[test]
fn columns_aligned_by_spaces() {
    let text = "     0.12573    -0.13210\n     0.64042     0.10490\n    -0.53567     0.36160\n";
    reads(text, "{}", &[&[0.12573, -0.1321], &[0.64042, 0.1049], &[-0.53567, 0.3616]], None);
    reads("  x \t y \n 1\t 2  \n10   20\t\n", "{}", &[&[1., 2.], &[10., 20.]], None);
    reads("height in cm\n1.5\n2.5\n", "{}", &[&[1.5], &[2.5]], None);
    reads("height, cm\n1.5\n2.5\n", "{}", &[&[1.5], &[2.5]], None);
    reads("my x,my y\n1,2\n3,4\n", "{}", &[&[1., 2.], &[3., 4.]], None);
}

#[test]
fn separators_inside_quotes_separate_nothing() {
    reads("\"x; mm\",\"y; mm\"\n0.5,1.5\n2.5,3.5\n", "{}", &[&[0.5, 1.5], &[2.5, 3.5]], None);
    reads("\"a\tb\";\"c, \"\"d\"\"\"\n0.5;1\n2.5;3\n", r#"{"columns": ["c, \"d\""]}"#, &[&[1.], &[3.]], None);
    reads("\"two\nlines\",y\n1,2\n3,4\n", "{}", &[&[1., 2.], &[3., 4.]], None);
    assert_eq!(
        refused("1,2\n\"1\"2,3\n", "{}").0,
        ", line 2, column 1: text follows the closing quote, but a separator or the end of the line is expected"
    );
    assert_eq!(
        refused("a,b\n1,\"2\n3,4\n", "{}").0,
        ", line 2, column 2: its quote is not closed, but a second `\"` is expected"
    );
}

#[test]
fn a_comma_may_mark_decimals() {
    let text = "1,5\n2,5\n3,25\n";
    let (sentence, offered) = refused(text, "{}");
    assert_eq!(
        sentence,
        ": its lines may be two whole numbers or one number with a decimal comma, but the option `separator` or \
         `decimal` must say which"
    );
    assert_eq!(offered, ["separator", "decimal"]);
    assert_eq!(refused("x\n1,5\n2,5\n", "{}").1, ["separator", "decimal"]);
    reads(text, r#"{"separator": ","}"#, &[&[1., 5.], &[2., 5.], &[3., 25.]], None);
    reads(text, r#"{"decimal": "."}"#, &[&[1., 5.], &[2., 5.], &[3., 25.]], None);
    reads(text, r#"{"decimal": ","}"#, &[&[1.5], &[2.5], &[3.25]], None);
    // Numbers of unequal lengths that end in 0 are not fractions. Numbers below two names are not
    // fractions either.
    reads("1,5\n2,10\n3,7\n", "{}", &[&[1., 5.], &[2., 10.], &[3., 7.]], None);
    reads("x,y\n1,5\n2,5\n", "{}", &[&[1., 5.], &[2., 5.]], None);

    let note = "2 rows, 2 columns; the comma was taken as the decimal mark";
    let rows: [&[f64]; 2] = [&[1.5, 2.5], &[-3.25, 4e-5]];
    for text in [
        "1,5;2,5\n-3,25;4e-5\n",
        "1,5\t2,5\n-3,25\t4e-5\n",
        "1,5 2,5\n-3,25 4e-5\n",
        "\"1,5\",\"2,5\"\n\"-3,25\",4e-5\n",
    ] {
        reads(text, "{}", &rows, Some(note));
    }
    let note = "2 rows, columns a, b; the comma was taken as the decimal mark";
    reads("a;b\n1,5;2\n2,25;3\n", "{}", &[&[1.5, 2.], &[2.25, 3.]], Some(note));
    // In the first table, the commas may mark thousands or decimals. The last table has both a
    // comma and a point as marks.
    assert_eq!(refused("1,234;5\n2,345;6\n", "{}").1, ["decimal"]);
    reads("1,234;5\n2,345;6\n", r#"{"decimal": ","}"#, &[&[1.234, 5.], &[2.345, 6.]], None);
    assert!(refused("1,5;2.5\n", "{}").0.starts_with(", line 1, column 1: the cell holds `1,5`"));
    assert!(refused("1,5;2.5\n", r#"{"decimal": ","}"#).0.starts_with(", line 1, column 2: the cell holds `2.5`"));
}

#[test]
fn line_ends_of_all_systems_and_a_byte_order_mark() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["\u{feff}x,y", "1,2", "", "3,4", "", ""].join(end);
        reads(&text, "{}", &[&[1., 2.], &[3., 4.]], None);
        let text = ["x,y", "1,2", "", "3,z"].join(end);
        assert!(refused(&text, "{}").0.starts_with(", line 4, column 2 (y): the cell holds `z`"));
    }
}

#[test]
fn years_above_decimals_may_be_names() {
    let text = "2019,2020,2021\n0.5,0.25,1.5\n1.5,2.5,3.5\n";
    let refused = loaded(text, "{}").unwrap_err().to_string();
    assert!(refused.contains("line 1") && refused.contains("consecutive whole numbers"), "{refused}");
    reads(text, r#"{"header": true}"#, &[&[0.5, 0.25, 1.5], &[1.5, 2.5, 3.5]], None);
    // Other whole numbers are a row.
    assert_eq!(loaded("3,1,7\n0.5,0.25,1.5\n", "{}").unwrap().points.n(), 2);
}

/// In a single column, a row without a value is a blank line. Blank lines around the rows mean
/// nothing.
#[test]
fn a_blank_line_in_a_single_column_is_a_missing_value() {
    let refused = loaded("a\n1\n\n3\n", "{}").unwrap_err().to_string();
    assert!(refused.ends_with(", line 3: it is blank, but every row must have a number"), "{refused}");
    let note = "2 rows, column a; 1 row with missing values left out";
    reads("a\n1\n\n3\n", r#"{"missing": "drop"}"#, &[&[1.], &[3.]], Some(note));
    reads("\n\n1\n3\n\n\n", "{}", &[&[1.], &[3.]], None);
}

#[test]
fn missing_values_are_refused_or_left_out_and_counted() {
    for missing in ["", "NA", "NaN", "nan", "null", "?", "N/A", "None", "-", "\"\"", "#N/A"] {
        let text = format!("a,b\n1,2\n3,{missing}\n5,6\n");
        let (sentence, offered) = refused(&text, "{}");
        assert!(sentence.starts_with(", line 3, column 2 (b): the cell "), "{sentence}");
        assert_eq!(offered, ["missing"], "{missing}");
        let note = "2 rows, columns a, b; 1 row with missing values left out";
        reads(&text, r#"{"missing": "drop"}"#, &[&[1., 2.], &[5., 6.]], Some(note));
        reads(&text, r#"{"missing": "drop", "columns": ["a"]}"#, &[&[1.], &[3.], &[5.]], None);
    }
    assert!(refused("a,b\nNA,1\n", r#"{"missing": "drop"}"#).0.starts_with(": every row has a missing value"));
    assert!(
        refused("a,b\n1,2\nx,3\n", r#"{"missing": "drop"}"#)
            .0
            .starts_with(", line 3, column 1 (a): the cell holds `x`")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The numbers of a table are read back exactly, for every format in which it is written.
    #[test]
    fn tables_read_back(
        values in prop::collection::vec(-1e6f64..1e6, 1..40),
        (dim, separator, end) in (1usize..5, prop::sample::select(vec![",", ";", "\t", "  ", " ; ", ", "]),
            prop::sample::select(vec!["\n", "\r\n", "\r"])),
        (header, quoted, comma, mark) in any::<(bool, bool, bool, bool)>(),
    ) {
        let dim = dim.min(values.len());
        let values = &values[..values.len() / dim * dim];
        let comma = comma && !separator.contains(',');
        let quote = |cell: String| if quoted { format!("\"{cell}\"") } else { cell };
        // With four digits after the mark, the numbers are neither groups of thousands nor all
        // whole.
        let number = |v: &f64| format!("{v:.4}").replace('.', if comma { "," } else { "." });
        let mut lines: Vec<String> = Vec::new();
        if header {
            lines.push((0..dim).map(|j| quote(format!("name{j}"))).collect::<Vec<_>>().join(separator));
        }
        lines.extend(values.chunks(dim).map(|row| {
            row.iter().map(|v| quote(number(v))).collect::<Vec<_>>().join(separator)
        }));
        let text = format!("{}{}{end}", if mark { "\u{feff}" } else { "" }, lines.join(end));
        let json = if comma && dim == 1 { r#"{"decimal": ","}"# } else { "{}" };
        let points = loaded(&text, json).unwrap().points;
        let want: Vec<f64> = values.iter().map(|v| format!("{v:.4}").parse().unwrap()).collect();
        prop_assert_eq!((points.dim(), points.data()), (dim, want.as_slice()), "{:?}", text);
    }
}
