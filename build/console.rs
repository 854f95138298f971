//! Embeds the browser console: the basic page always, GraphiQL where npm can build it.
//!
//! `CONSOLE=off` leaves GraphiQL out, `CONSOLE=require` fails the build without it, and
//! `CONSOLE_DIST=DIR` embeds one that was built elsewhere from `src/console/`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::Result;

const SOURCE: &str = "src/console";

/// The console without npm, served as it is written.
const BASIC: [&str; 10] = [
    "api.js",
    "console.css",
    "examples.js",
    "fallback-schema.js",
    "fallback.css",
    "fallback.html",
    "fallback.js",
    "icon.svg",
    "session.js",
    "storage.js",
];

/// Writes `OUT_DIR/console.rs`: an array of (name, media type, gzipped bytes), sorted by name.
pub(crate) fn embed() -> Result<()> {
    crate::tell_cargo(&format!("rerun-if-changed={SOURCE}"));
    crate::tell_cargo("rerun-if-env-changed=CONSOLE");
    crate::tell_cargo("rerun-if-env-changed=CONSOLE_DIST");

    let mut files: BTreeMap<String, PathBuf> = BASIC
        .iter()
        .map(|name| ((*name).to_owned(), Path::new(SOURCE).join(name)))
        .collect();
    if let Some(dist) = graphiql()? {
        find_files(&dist, "", &mut files)?;
    }
    write_table(&files)
}

/// The folder of the built GraphiQL page, or `None` where the basic page has to do.
fn graphiql() -> Result<Option<PathBuf>> {
    if let Some(dist) = crate::variable("CONSOLE_DIST").map(PathBuf::from) {
        crate::tell_cargo(&format!("rerun-if-changed={}", dist.display()));
        return if dist.join("index.html").is_file() {
            Ok(Some(dist))
        } else {
            Err(format!("CONSOLE_DIST: {} has no index.html", dist.display()).into())
        };
    }
    match crate::variable("CONSOLE").unwrap_or_default().to_str() {
        Some("off") => Ok(None),
        Some("require") => crate::npm::build(Path::new(SOURCE)).map(Some),
        Some("") => Ok(if_npm_can(crate::npm::build(Path::new(SOURCE)))),
        _ => Err("CONSOLE is neither `off` nor `require`".into()),
    }
}

/// A machine with nothing but Rust still gets a working gateway, and one line that says what it lacks.
fn if_npm_can(built: Result<PathBuf>) -> Option<PathBuf> {
    built
        .inspect_err(|error| {
            crate::tell_cargo(&format!(
                "warning=GraphiQL is left out, the basic console stands in for it: {error}"
            ));
        })
        .ok()
}

/// Names every file below `dir` by its path with `/` between the parts.
fn find_files(dir: &Path, prefix: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            find_files(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, entry.path());
        }
    }
    Ok(())
}

fn write_table(files: &BTreeMap<String, PathBuf>) -> Result<()> {
    let out = crate::out_dir()?;
    // The build before this one may have left assets under other names.
    let packages = out.join("console");
    if packages.exists() {
        fs::remove_dir_all(&packages)?;
    }
    let mut table = String::from("[\n");
    for (name, path) in files {
        let packed = packages.join(format!("{name}.gz"));
        pack(path, &packed).map_err(|error| format!("{}: {error}", path.display()))?;
        writeln!(
            table,
            "    ({name:?}, {:?}, include_bytes!({packed:?})),",
            media_type(name)
        )?;
    }
    table.push_str("]\n");
    fs::write(out.join("console.rs"), table)?;
    Ok(())
}

fn pack(path: &Path, packed: &Path) -> io::Result<()> {
    if let Some(folder) = packed.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut packer = GzEncoder::new(File::create(packed)?, Compression::best());
    io::copy(&mut File::open(path)?, &mut packer)?;
    packer.finish()?;
    Ok(())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "ttf" => "font/ttf",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}
