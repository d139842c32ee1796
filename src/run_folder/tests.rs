//! Tests of the run folder.

use super::*;
use sdflow_dsl::Outcome;
use std::time::Duration;

fn record(identity: &str) -> Record {
    Record::new("a.rhai".into(), identity, 0, false)
}

fn done(identity: &str) -> Record {
    record(identity).finish(&Outcome::default(), Duration::ZERO)
}

fn ready(found: FolderState) -> RunFolder {
    match found {
        FolderState::New(folder) | FolderState::Unfinished(folder, _) => folder,
        other => panic!("{other:?}"),
    }
}

#[test]
fn finished_is_answered_and_unfinished_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let folder = ready(open(&path, &record("a"), false).unwrap());
    write_record(folder.path(), &record("a")).unwrap();
    fs::write(path.join("metrics.csv"), "step\n").unwrap();
    drop(folder);

    let found = open(&path, &record("a"), false).unwrap();
    assert!(matches!(found, FolderState::Unfinished(_, Status::Running)) && !path.join("metrics.csv").exists());
    write_record(ready(found).path(), &done("a")).unwrap();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::Finished(_)));
}

#[test]
fn a_damaged_record_is_told_and_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    write_record(ready(open(&path, &record("a"), false).unwrap()).path(), &done("a")).unwrap();
    fs::write(path.join("run.json"), "{\"schema\": 1, ").unwrap();
    fs::write(path.join("notes.txt"), "mine").unwrap();
    let told = open(&path, &record("a"), false).unwrap_err();
    assert!(told.hint.unwrap().contains("--force"), "{}", told.message);
    assert!(matches!(open(&path, &record("a"), true).unwrap(), FolderState::New(_)));
    assert!(path.join("notes.txt").exists() && !path.join("run.json").exists());
}

#[test]
fn forcing_keeps_the_old_run_until_the_new_one_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    write_record(ready(open(&path, &record("a"), false).unwrap()).path(), &done("a")).unwrap();

    let partial = ready(open(&path, &record("a"), true).unwrap());
    assert_ne!(partial.move_into_place(false).unwrap(), path);
    assert!(path.join("run.json").exists());

    let anew = ready(open(&path, &record("b"), true).unwrap());
    write_record(anew.path(), &done("b")).unwrap();
    assert_eq!(anew.move_into_place(true).unwrap(), path);
    assert_eq!(read_record(&path).unwrap().unwrap().identity, "b");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn other_peoples_files_are_never_touched() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "x").unwrap();
    for force in [false, true] {
        assert!(open(dir.path(), &record("a"), force).unwrap_err().message.contains("thesis.tex"));
    }
}

#[test]
fn another_run_is_not_overwritten_unasked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    write_record(ready(open(&path, &record("a"), false).unwrap()).path(), &done("a")).unwrap();
    let message = open(&path, &record("b"), false).unwrap_err().message;
    assert!(message.contains("another run") && message.contains("a file that it reads"), "{message}");
    let other = Record { seed: 3, ..record("b") };
    let message = open(&path, &other, false).unwrap_err().message;
    assert!(message.contains("there the seed is 0, here it is 3"), "{message}");
}

#[test]
fn two_at_once_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let _first = ready(open(&dir.path().join("run"), &record("a"), false).unwrap());
    assert!(matches!(open(&dir.path().join("run"), &record("a"), false), Ok(FolderState::Busy)));
}

#[test]
fn a_replacement_cut_in_half_is_put_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    write_record(ready(open(&path, &record("a"), false).unwrap()).path(), &done("a")).unwrap();
    fs::rename(&path, beside(&path, "replaced")).unwrap();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::Finished(_)));

    let aside = RunFolder::lock_and_clear(&beside(&path, "replaced"), false).unwrap().unwrap();
    write_record(aside.path(), &done("a")).unwrap();
    ready(open(&path, &record("a"), true).unwrap()).finish(&done("a")).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// The program was killed while a folder was being cleared, or before the first record was written.
#[test]
fn a_folder_left_half_emptied_is_still_a_run_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    drop(ready(open(&path, &record("a"), false).unwrap()));
    fs::write(path.join(DRAFTS[0]), "{").unwrap();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::New(_)));
    assert!(!path.join(DRAFTS[0]).exists() && CONTENT.last() == Some(&"run.json"));
}

/// Finished cells of a sweep stay for the same run only, and are deleted when that run is done.
#[test]
fn finished_cells_wait_for_their_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let cells = path.join(CELLS);
    for (force, kept) in [(false, true), (true, false)] {
        let folder = ready(open(&path, &record("a"), force).unwrap());
        write_record(folder.path(), &record("a")).unwrap();
        fs::create_dir_all(&cells).unwrap();
        drop(folder);
        let found = ready(open(&path, &record("a"), force).unwrap());
        assert_eq!((found.has_cells(), cells.exists()), (kept, kept));
    }
    let folder = ready(open(&path, &record("a"), false).unwrap());
    fs::create_dir_all(&cells).unwrap();
    folder.finish(&done("a")).unwrap();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::Finished(_)) && !cells.exists());
}

/// The program was killed after it had written the final record and before it had tidied up.
#[test]
fn a_finished_run_is_tidied_when_it_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let aside = beside(&path, "replaced");
    let leave = || {
        for leftover in UNFINISHED.map(|name| path.join(name)) {
            fs::create_dir_all(leftover).unwrap();
        }
    };
    ready(open(&path, &record("a"), false).unwrap()).finish(&done("a")).unwrap();
    write_record(RunFolder::lock_and_clear(&aside, false).unwrap().unwrap().path(), &done("a")).unwrap();
    leave();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::Finished(_)));
    assert!(UNFINISHED.iter().all(|name| !path.join(name).exists()) && !aside.exists());

    // Another process still writes here: it tidies up by itself.
    let lock = open_lock(&path.join(LOCK)).unwrap();
    lock.lock().unwrap();
    leave();
    assert!(matches!(open(&path, &record("a"), false).unwrap(), FolderState::Finished(_)));
    assert!(UNFINISHED.iter().all(|name| path.join(name).exists()));
}

/// A link in place of the lock leads to a file of the user, which stays unchanged.
#[test]
#[cfg(unix)]
fn a_link_in_place_of_the_lock_empties_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let (path, thesis) = (dir.path().join("run"), dir.path().join("thesis.tex"));
    fs::write(&thesis, "all of it").unwrap();
    drop(ready(open(&path, &record("a"), false).unwrap()));
    fs::remove_file(path.join(LOCK)).unwrap();
    std::os::unix::fs::symlink(&thesis, path.join(LOCK)).unwrap();
    for force in [false, true] {
        let Err(refused) = open(&path, &record("a"), force) else { panic!("a link was followed") };
        assert!(refused.message.contains("`.lock` in it is a link"), "{}", refused.message);
    }
    assert_eq!(fs::read_to_string(&thesis).unwrap(), "all of it");
}

/// Opening a named pipe would wait without end.
#[test]
#[cfg(unix)]
fn a_pipe_in_place_of_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (name, said) in [(LOCK, "`.lock` in it is no regular file"), ("run.json", "it is not a regular file")] {
        let path = dir.path().join(name.trim_start_matches('.'));
        fs::create_dir(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path.join(name)).status();
        assert!(made.unwrap().success());
        let Err(refused) = open(&path, &record("a"), false) else { panic!("a pipe was opened") };
        assert!(refused.message.contains(said), "{}", refused.message);
    }
}

/// All files that the script of an earlier attempt wrote are deleted before the next run; other
/// files stay.
#[test]
fn what_an_earlier_attempt_wrote_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run");
    let folder = ready(open(&path, &record("a"), false).unwrap());
    let written = ["models/g.safetensors", "tables/t.csv", "mine/deep/y.npy"];
    let mut failed = record("a");
    failed.files = written.iter().map(PathBuf::from).chain(["../out.npy".into(), "/tmp".into()]).collect();
    for file in written.iter().chain(&["mine/notes.txt", "../out.npy"]) {
        let file = path.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "x").unwrap();
    }
    write_record(folder.path(), &failed).unwrap();
    drop(folder);
    drop(ready(open(&path, &record("a"), false).unwrap()));
    assert!(written.iter().all(|file| !path.join(file).exists()));
    assert!(path.join("mine/notes.txt").exists() && dir.path().join("out.npy").exists());
}
