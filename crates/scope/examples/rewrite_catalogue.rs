//! Writes catalogues that were edited by hand as the format has them, with the hash that fits:
//! `rewrite_catalogue FILE...`. Run by `cargo xtask catalogue`.

use std::error::Error;
use std::fs;

use deputize_scope::catalogue::{Catalogue, Draft};
use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args_os().skip(1) {
        let catalogue = Catalogue::parse(fs::read_to_string(&file)?)?;
        let sha256 = |body: &str| hex::encode(Sha256::digest(body));
        let text = Draft::of(&catalogue)?.text(&catalogue.header().into(), sha256)?;
        fs::write(&file, text)?;
        println!("{}: {} permissions", file.display(), catalogue.len());
    }
    Ok(())
}
