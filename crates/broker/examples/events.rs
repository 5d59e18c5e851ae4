//! Prints the reference of all events, which `cargo xtask events` keeps in `docs/events.md`.

fn main() {
    print!("{}", deputize_broker::audit::reference());
}
