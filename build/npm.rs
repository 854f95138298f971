//! Builds the GraphiQL page with npm, in a folder under `target/` that debug, release and
//! test builds share. What is already built is not built again.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::Result;

/// Exactly what the lock file says, and no package's own install script. Without a network
/// npm would go on trying for minutes, hence no retries. Vite is a development
/// dependency, which NODE_ENV=production would leave out.
const INSTALL: [&str; 9] = [
    "ci",
    "--include=dev",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    "--prefer-offline",
    "--fetch-retries=0",
    "--fetch-timeout=60000",
];

const BUNDLE: [&str; 6] = [
    "exec",
    "--offline",
    "--",
    "vite",
    "build",
    "--logLevel=error",
];

/// Returns the folder with `index.html` and `assets/`.
pub(crate) fn build(source: &Path) -> Result<PathBuf> {
    let room = workshop()?;
    fs::create_dir_all(&room)?;
    // Held to the end: two cargo processes must not install into one folder.
    let lock = File::create(room.join(".lock"))?;
    lock.lock()?;

    let (manifest, page) = copy_sources(source, &room)?;
    if !is_made(&room, "node_modules", &manifest) {
        run(&room, &INSTALL)?;
        mark_made(&room, "node_modules", &manifest)?;
    }
    if !is_made(&room, "dist", &page) {
        run(&room, &BUNDLE)?;
        mark_made(&room, "dist", &page)?;
    }
    Ok(room.join("dist"))
}

/// `target/console`, four folders above `target/PROFILE/build/PACKAGE/out`.
fn workshop() -> Result<PathBuf> {
    let out = crate::out_dir()?;
    let target = out
        .ancestors()
        .nth(4)
        .ok_or("OUT_DIR is not below a target folder")?;
    Ok(target.join("console"))
}

/// Copies the files of `source`, without its folders: a developer's own `node_modules` stays
/// where it is. Returns the text of the package files, and the text of all files.
fn copy_sources(source: &Path, room: &Path) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut paths: Vec<PathBuf> = fs::read_dir(source)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.is_file());
    paths.sort();

    let (mut manifest, mut page) = (Vec::new(), Vec::new());
    for path in &paths {
        let name = path.file_name().unwrap_or_default();
        let text = fs::read(path)?;
        fs::write(room.join(name), &text)?;
        if is_package_file(name) {
            manifest.extend_from_slice(&text);
        }
        page.extend_from_slice(&text);
    }
    Ok((manifest, page))
}

fn is_package_file(name: &OsStr) -> bool {
    name == "package.json" || name == "package-lock.json"
}

/// Whether `folder` was completed from these very inputs.
fn is_made(room: &Path, folder: &str, inputs: &[u8]) -> bool {
    room.join(folder).is_dir()
        && fs::read(mark(room, folder)).is_ok_and(|made_from| made_from == inputs)
}

fn mark_made(room: &Path, folder: &str, inputs: &[u8]) -> Result<()> {
    Ok(fs::write(mark(room, folder), inputs)?)
}

fn mark(room: &Path, folder: &str) -> PathBuf {
    room.join(format!(".{folder}-made-from"))
}

fn run(room: &Path, arguments: &[&str]) -> Result<()> {
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(npm)
        .args(arguments)
        .current_dir(room)
        .output()
        .map_err(|error| format!("{npm}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("npm {}: {}", arguments[0], first_lines(&output.stderr)).into())
}

/// The beginning of npm's own words on one line, which is all that a warning of cargo's has.
fn first_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines = said
        .lines()
        .map(|line| line.trim_start_matches("npm error ").trim());
    let told: Vec<&str> = lines.filter(|line| !line.is_empty()).take(4).collect();
    told.join("; ")
}
