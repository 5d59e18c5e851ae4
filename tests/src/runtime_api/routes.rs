//! The routes that a function binary calls.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde_json::Value;

use super::INVOCATION;
use super::calls::{Calls, FunctionError, Outcome};

/// Lambda takes answers of up to 6 MB.
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;

pub(super) fn router(calls: Arc<Calls>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::max(LARGEST_ANSWER))
        .with_state(calls)
}

/// Answers as soon as there is something to do, however long that takes, as Lambda does when it
/// freezes an idle function.
async fn next(State(calls): State<Arc<Calls>>) -> impl IntoResponse {
    match calls.next().await {
        Some(call) => {
            let headers = [
                ("lambda-runtime-aws-request-id", call.id),
                ("lambda-runtime-deadline-ms", deadline()),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:us-east-1:123456789012:function:under-test".to_owned(),
                ),
                ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
                ("content-type", "application/json".to_owned()),
            ];
            Ok((headers, call.event))
        }
        None => Err(StatusCode::GONE),
    }
}

async fn response(State(calls): State<Arc<Calls>>, Path(id): Path<String>, body: String) -> StatusCode {
    let outcome = serde_json::from_str(&body).map_err(|error| FunctionError {
        kind: "Harness.InvalidAnswer".to_owned(),
        message: format!("the answer is not JSON: {error}"),
    });
    settle(&calls, &id, outcome)
}

async fn error(State(calls): State<Arc<Calls>>, Path(id): Path<String>, body: String) -> StatusCode {
    settle(&calls, &id, Err(function_error(&body)))
}

async fn init_error(State(calls): State<Arc<Calls>>, body: String) -> StatusCode {
    calls.fail_init(function_error(&body));
    StatusCode::ACCEPTED
}

fn settle(calls: &Calls, id: &str, outcome: Outcome) -> StatusCode {
    // A second answer to one invocation is a fault of the function, and Lambda refuses it too.
    if calls.settle(id, outcome) { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST }
}

fn function_error(body: &str) -> FunctionError {
    let fields: Value = serde_json::from_str(body).unwrap_or_default();
    let field = |name| fields.get(name).and_then(Value::as_str);
    FunctionError {
        kind: field("errorType").unwrap_or("Unknown").to_owned(),
        message: field("errorMessage").unwrap_or(body).to_owned(),
    }
}

/// Milliseconds since 1970 at which the invocation ends.
#[expect(clippy::disallowed_methods, reason = "a function compares the deadline with the machine's clock")]
fn deadline() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now + INVOCATION).as_millis().to_string()
}
