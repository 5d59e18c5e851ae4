//! How adapters speak HTTP to clouds: one attempt is bounded in time and size, all of them together in time, in number,
//! and by a budget of retries that they share, so that a cloud in trouble is not stormed.
//!
//! Nothing of an answer's body gets into an error: of a cloud's words only its code does, where it looks like one.

mod answer;
mod budget;
mod call;
mod client;
mod code;
mod failure;
mod network;
mod place;

pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, RequestBuilder, Url};

pub use crate::answer::Answer;
pub use crate::call::{Call, Caller, Limits};
pub use crate::client::{Client, NoClient};
pub use crate::code::ErrorCode;
pub use crate::failure::{CallFailure, Problem};
pub use crate::network::Network;
pub use crate::place::{NotAUrl, is_local};
