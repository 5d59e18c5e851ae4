//! Prints what each catalogue weighs, and how long it takes to load and to ask:
//! `cargo run --release --package deputize-scope --example catalogue_load [FILE...]`.

#![expect(clippy::disallowed_methods, reason = "this measures time")]

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use deputize_scope::catalogue::Catalogue;

/// How often each thing is measured.
const ROUNDS: usize = 101;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogue"));
        files = ["aws.txt", "gcp.txt", "azure.txt"].map(|name| folder.join(name)).to_vec();
    }
    println!(
        "{:<8} {:>8} {:>10} {:>10} {:>10} {:>10} {:>12}",
        "cloud", "known", "bytes", "brotli", "load", "find", "not known"
    );
    for file in files {
        measure(&fs::read_to_string(&file)?)?;
    }
    Ok(())
}

fn measure(text: &str) -> Result<(), Box<dyn Error>> {
    let catalogue = Catalogue::parse(text)?;
    // The text is copied outside the clock, as a program has it once.
    let mut copies = vec![Box::<str>::from(text); ROUNDS].into_iter();
    let load = median(|| copies.next().map(Catalogue::parse));
    let names: Vec<String> = catalogue.services().flat_map(|s| s.permissions()).map(|p| p.name()).collect();
    let find = median(|| names.iter().filter(|name| catalogue.find(name).is_some()).count());
    let misspelt: Vec<String> =
        names.iter().step_by(names.len() / 100 + 1).map(|name| format!("{name}xs")).collect();
    let nearest = median(|| misspelt.iter().filter_map(|name| catalogue.nearest(name)).count());
    println!(
        "{:<8} {:>8} {:>10} {:>10} {:>7.2} ms {:>7.0} ns {:>9.1} µs",
        catalogue.cloud().as_str(),
        catalogue.len(),
        text.len(),
        brotli(text)?,
        load.as_secs_f64() * 1e3,
        find.as_secs_f64() * 1e9 / names.len() as f64,
        nearest.as_secs_f64() * 1e6 / misspelt.len() as f64,
    );
    Ok(())
}

fn median<T>(mut what: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            let result = black_box(what());
            let time = start.elapsed();
            drop(result);
            time
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

/// As a web server would send it that compresses beforehand.
fn brotli(text: &str) -> Result<usize, std::io::Error> {
    let (quality, window) = (11, 22);
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4096, quality, window);
    writer.write_all(text.as_bytes())?;
    Ok(writer.into_inner().len())
}
