//! The folders in which a script may read and write.

use super::checkpoint_pace::{CELLS, CHECKPOINTS};
use crate::language::{Fail, home_of};
use std::path::{Component, Path, PathBuf};

/// The script's folder and the allowed folders, below which it may read; the run folder, below
/// which it may write.
#[derive(Debug, Clone)]
pub struct Sandbox {
    readable: Vec<PathBuf>,
    folder: PathBuf,
    /// True if any file may be read and written.
    is_open: bool,
}

impl Sandbox {
    /// Returns the sandbox of `script`.
    pub fn new(script: &Path, allowed: &[PathBuf], folder: &Path) -> Sandbox {
        let home = home_of(script);
        let readable = std::iter::once(home).chain(allowed.iter().cloned()).collect();
        Sandbox { readable, folder: folder.into(), is_open: false }
    }

    /// Returns a sandbox without limits, for a host program that has all file rights of its user.
    /// Paths are relative to the current folder.
    pub fn open() -> Sandbox {
        Sandbox { readable: vec![".".into()], folder: ".".into(), is_open: true }
    }

    /// Returns a sandbox that reads in the same folders, and writes below `folder`.
    pub fn within(&self, folder: &Path) -> Sandbox {
        Sandbox { folder: folder.into(), ..self.clone() }
    }

    /// The folder below which the script writes.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the existing file `name`, relative to the script's folder or to an allowed folder.
    /// After links are followed, the file must lie below one of these folders, unless the sandbox
    /// is open.
    pub fn readable(&self, name: &str) -> Result<PathBuf, Fail> {
        let found = self.readable.iter().map(|folder| folder.join(name)).find(|path| path.exists());
        let Some(path) = found else {
            let place = self.readable.first().map_or_else(String::new, |f| f.display().to_string());
            let place = match place.as_str() {
                "." if self.is_open => "the current folder",
                "." => "the script's folder",
                place => place,
            };
            return Err(Fail::data(format!("there is no file `{name}` in {place}")).hint(self.near(name)));
        };
        if self.is_open {
            return Ok(path);
        }
        let real =
            std::fs::canonicalize(&path).map_err(|e| Fail::data(format!("cannot read {}: {e}", path.display())))?;
        if self.readable.iter().filter_map(|f| std::fs::canonicalize(f).ok()).any(|folder| real.starts_with(folder)) {
            return Ok(path);
        }
        Err(Fail::data(format!("`{name}` is outside the folders that a script may read"))
            .hint(format!("allow it: --allow-read {}", real.parent().unwrap_or(&real).display())))
    }

    /// Returns the hint for a missing file: a file of a similar name in the folder where the
    /// missing file was expected, or what paths are relative to.
    fn near(&self, name: &str) -> String {
        let wanted = Path::new(name);
        let last = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folders = self.readable.iter().map(|folder| home_of(&folder.join(wanted)));
        let there: Vec<String> = folders
            .flat_map(|f| std::fs::read_dir(f).into_iter().flatten().flatten())
            .map(|e| last(&e.path()))
            .collect();
        match sdflow::nearest(&last(wanted), there.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{}\"?", wanted.with_file_name(near).display()),
            None if self.is_open => "paths are relative to the current folder".into(),
            None => "paths are relative to the script's folder".into(),
        }
    }

    /// Returns the path below the run folder for `name`, which need not exist. A bare name goes
    /// into `section` ("plots").
    pub fn below(&self, name: &str, section: &str) -> Result<PathBuf, Fail> {
        if self.is_open {
            return Ok(name.into());
        }
        inside_run_folder(name)?;
        let relative = Path::new(name);
        let bare = relative.components().count() == 1;
        Ok(if bare { self.folder.join(section).join(relative) } else { self.folder.join(relative) })
    }

    /// Returns the path of [`Sandbox::below`] and creates its folders.
    pub fn writable(&self, name: &str, section: &str) -> Result<PathBuf, Fail> {
        let path = self.below(name, section)?;
        let parent = path.parent().unwrap_or(&self.folder);
        let refused = |e: std::io::Error| Fail::data(format!("cannot write {}: {e}", path.display()));
        if self.is_open {
            return Ok(path);
        }
        std::fs::create_dir_all(parent).map_err(refused)?;
        let (real, home) = (parent.canonicalize().map_err(refused)?, self.folder.canonicalize().map_err(refused)?);
        if !real.starts_with(home) || path.is_symlink() {
            let fail = Fail::script(format!("`{name}` leads out of the run folder through a link"));
            return Err(fail.hint("remove the link, or choose another name"));
        }
        Ok(path)
    }

    /// Returns the path for a file that the script did not ask for, such as the points of an
    /// interrupted call, and creates its folders; None if there is no run folder.
    pub fn rescue(&self, name: &str, section: &str) -> Result<Option<PathBuf>, Fail> {
        if self.is_open { Ok(None) } else { self.writable(name, section).map(Some) }
    }

    /// Returns `path` as recorded: relative to the run folder.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.folder).unwrap_or(path)
    }
}

/// The folder for the films of a report, inside the run folder.
pub const FILM_FOLDER: &str = "films";

/// Folders in the run folder that a run fills, and in part removes, itself.
const OWN_FOLDERS: [&str; 3] = [CHECKPOINTS, CELLS, FILM_FOLDER];

/// Checks that `name` names a file below the run folder.
///
/// # Errors
/// The path is absolute or empty, begins with `./`, or contains `..`; or its folder is one of the
/// run itself.
pub fn inside_run_folder(name: &str) -> Result<(), Fail> {
    let parts: Vec<Component> = Path::new(name).components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    if let [folder, _, ..] = parts.as_slice()
        && OWN_FOLDERS.iter().any(|own| folder.as_os_str() == *own)
    {
        let message = format!("the run itself uses the folder of `{name}`");
        return Err(Fail::script(message).hint("choose another folder"));
    }
    if plain && !name.is_empty() {
        return Ok(());
    }
    let message = format!("`{name}` is not a path inside the run folder");
    Err(Fail::script(message).hint("a script writes only below its run folder: \"plots/x.svg\""))
}
