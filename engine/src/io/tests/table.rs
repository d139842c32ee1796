//! `.csv`.

use super::*;
use proptest::prelude::*;

fn table(text: &str, json: &str) -> Result<Points> {
    let folder = Folder::new();
    load(&folder.file("x.csv", text.as_bytes()), &options(json))
}

/// Returns the sentence of the error without the path.
fn wrong(text: &str, json: &str) -> String {
    let error = table(text, json).unwrap_err().to_string();
    error.split_once("x.csv").unwrap().1.to_string()
}

#[test]
fn separators_and_headers_are_found() {
    let want = [1.0, 2.0, -3.0, 4e5];
    for text in [
        "1,2\n-3,4e5\n",
        "1;2\r\n-3;4e5",
        "1\t2\n-3\t4e5\n\n",
        "1 2\n-3 4e5\n",
        " 1 , 2 \n -3 ,\t4e5\n",
        "a,b\n1,2\n-3,4e5\n",
        "\u{feff}a;b c\n1;2\n-3;4e5\n",
        "# made by hand, today\n\n # more\n1,2\n-3,4e5\n",
        "\"a, or so\",b\n1,\"2\"\n-3,4e5\n",
    ] {
        let points = table(text, "{}").unwrap_or_else(|e| panic!("{text:?}: {e}"));
        assert_eq!((points.dim(), points.data()), (2, want.as_slice()), "{text:?}");
    }
    assert_eq!(table("1\n2\n3\n", "{}").unwrap().dim(), 1);
}

#[test]
fn a_header_can_be_stated() {
    assert_eq!(table("1,2\n3,4\n", r#"{"header": true}"#).unwrap().data(), [3.0, 4.0]);
    assert_eq!(table("1,2\n-3,4\n5,-6\n", r#"{"header": false}"#).unwrap().n(), 3);
    assert_eq!(
        wrong("a,b\n3,4\n", r#"{"header": false}"#),
        ", line 1, column 1: the cell holds `a`, but every cell must be a finite number"
    );
}

#[test]
fn columns_by_name_and_position() {
    let text = "id,x,kind,y\nr1,1,cat,2\nr2,3,dog,4\n";
    assert_eq!(table(text, r#"{"columns": ["y", 1]}"#).unwrap().data(), [2.0, 1.0, 4.0, 3.0]);
    assert_eq!(
        wrong(text, r#"{"columns": ["yy"]}"#),
        ": there is no column `yy`, but its header has `id`, `x`, `kind`, `y`; did you mean `y`?"
    );
    assert_eq!(wrong(text, r#"{"columns": [4]}"#), ": `columns` contains 4, but the columns are 0 to 3");
    assert_eq!(
        wrong("1,2\n", r#"{"columns": ["x"], "header": false}"#),
        ": `columns` contains `x`, but the file has no header: give the position of the column, from 0"
    );
    assert!(table(text, r#"{"columns": []}"#).is_err());
    assert_eq!(
        wrong("x,y,x\n1,2,3\n", r#"{"columns": ["x"]}"#),
        ": two of its columns are called `x`, but a name must be unique: give the position of the column, from 0"
    );
    // A text column that is not requested does not make the first line a header.
    assert_eq!(table("cat,1\ndog,2\n", r#"{"columns": [1]}"#).unwrap().data(), [1.0, 2.0]);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    assert_eq!(
        wrong("x,y\n1,2\n3,cat\n", "{}"),
        ", line 3, column 2 (y): the cell holds `cat`, but every cell must be a finite number"
    );
    assert_eq!(
        wrong("1,2\n3,\n", "{}"),
        ", line 2, column 2: the cell is empty, but every cell must be a finite number"
    );
    assert_eq!(
        wrong("# c\n1,2\n\n3,nan\n", "{}"),
        ", line 4, column 2: the cell holds `nan`, but every cell must be a finite number"
    );
    assert_eq!(
        wrong("1,2\n3,-inf\n", "{}"),
        ", line 2, column 2: the cell holds `-inf`, but every cell must be a finite number"
    );
    assert_eq!(wrong("1,2\n3,4\n5\n", "{}"), ", line 3: it has 1 cell, but the lines before have 2");
    assert_eq!(wrong("1,2\n3,4,5\n", "{}"), ", line 2: it has 3 cells, but the lines before have 2");
    assert_eq!(wrong("x,y\n", "{}"), ": it has a header and no rows, but at least one row of numbers is expected");
    assert_eq!(wrong("\n\n", "{}"), ": it has no rows, but at least one row of numbers is expected");
    assert!(complaint("x.csv", b"1,2\n\xff\xfe,3\n").contains("line 2: it is not UTF-8 text"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_points_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Folder::new().load("x.csv", &bytes);
    }

    #[test]
    fn finite_tables_read_back(values in prop::collection::vec(-1e300f64..1e300, 1..20), delimiter in "[,;\t ]") {
        let row: Vec<String> = values.iter().map(f64::to_string).collect();
        let points = table(&row.join(&delimiter), "{}").unwrap();
        prop_assert_eq!(points.data(), values.as_slice());
        prop_assert_eq!(points.n(), 1);
    }
}
