//! deputize: the command line, and the whole product in one process.

fn main() {}
