//! The document of all routes: OpenAPI 3.1.

use utoipa::Modify;
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, PathItem, Ref, RefOr, Response, ResponseBuilder};

use super::problem::ProblemBody;

/// What routes name in `security((…))`, with the scope that they need.
const SCHEME: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(title = "Tripline", description = "Lines in, incidents out."),
    components(schemas(ProblemBody)),
    modifiers(&Token)
)]
pub(super) struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token of `tripline token add`. What a route needs is one of the scopes ingest, reader, author, analyst, admin \
             and operator; an operator may do everything, an admin everything of the tenant, analysts and authors what a \
             reader may.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme.build()));
    }
}

/// Adds what any route may answer: routes themselves name what is theirs. What is no success and says no body is a problem.
pub(super) fn complete(document: &mut Document) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            let secured = operation.security.as_ref().is_some_and(|security| !security.is_empty());
            let has_body = operation.request_body.is_some();
            let parameters = operation.parameters.as_deref().unwrap_or_default();
            let is_in = |place: ParameterIn| {
                parameters.iter().any(|one| matches!(one, RefOr::T(one) if one.parameter_in == place))
            };
            let (has_query, has_path) = (is_in(ParameterIn::Query), is_in(ParameterIn::Path));
            let has_input = has_body || !parameters.is_empty();
            let mut add = |status: &str, words: &str| {
                let all = &mut operation.responses.responses;
                all.entry(status.into()).or_insert_with(|| RefOr::T(problem(words)));
            };
            if secured {
                add("401", "no token that holds");
                add("403", "the token's scope does not cover it");
                add("429", "too much at once; Retry-After says when to come again");
            }
            if has_input {
                add("400", "the request cannot be understood");
            }
            if has_path {
                add("404", "there is no such thing, or it is another tenant's");
            }
            if has_query || has_body {
                add("422", "it asks for what cannot be");
            }
            if has_body {
                add("408", "the body came too slowly");
                add("413", "the body is too large");
                add("415", "the body's type is not taken");
            }
            add("431", "the head is too large");
            add("500", "something is wrong with the server");
            add("503", "it cannot be done now; Retry-After says when to come again");
            for (status, response) in &mut operation.responses.responses {
                match response {
                    RefOr::T(response) if status.as_str() >= "400" && response.content.is_empty() => {
                        *response = problem(&response.description);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

/// A response that is a problem.
fn problem(words: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(words).content("application/problem+json", content).build()
}
