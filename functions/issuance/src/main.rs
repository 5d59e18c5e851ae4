//! Lambda function: API Gateway to decision to credential.

fn main() {}
