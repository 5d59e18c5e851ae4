//! The store adapter: DynamoDB, or the same code on an engine in the process.
