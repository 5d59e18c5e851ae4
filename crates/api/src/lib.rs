//! HTTP routes, DTOs, problem table and OpenAPI: one axum router for Lambda and for the local server.
