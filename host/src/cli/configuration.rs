use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Failure;
use crate::configuration::{Configuration, ConfigurationError, Place, Places, Problem};
use crate::report::visible;
use tripline_abi::manifest::SettingsError;

/// The configuration that counts; all as by default, if there is none.
pub(super) fn read(argument: Option<PathBuf>) -> Result<Configuration, Failure> {
    let read = Places::of_process(argument).read().map_err(failure)?;
    Ok(read.unwrap_or_default())
}

/// A configuration's error as a failure, with its place drawn.
pub(super) fn failure(error: ConfigurationError) -> Failure {
    let hint = match &error.problem {
        Problem::Settings { pack, error, .. } if let SettingsError::Missing { name } = &**error => {
            Some(format!("give it with --settings FILE.toml: `{name} = …` in a table [packs.{pack}]"))
        }
        _ => error.hint(),
    };
    let drawing = error.place.as_deref().map(draw);
    Failure::new(visible(&error.to_string())).drawing(drawing).hint(hint)
}

/// A failure of a configuration on one line, its place in front, for where nothing can be drawn.
pub(super) fn placed(error: ConfigurationError) -> Failure {
    let place = error.place.as_deref().map(|place| {
        let (line, column) = place.line_and_column();
        format!("{}:{line}:{column}: ", visible(&place.path.display().to_string()))
    });
    failure(error).behind(place.unwrap_or_default())
}

/// The lines of the file with the place underlined.
fn draw(place: &Place) -> String {
    let Place { path, text, span } = place;
    let snippet = Snippet::source(text.as_str())
        .path(path.display().to_string())
        .annotation(AnnotationKind::Primary.span(span.clone()));
    Renderer::styled().render(&[Group::with_level(Level::ERROR).element(snippet)])
}
