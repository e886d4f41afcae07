use jiff::tz::TimeZone;

use super::arguments::{Format, TokenArguments, TokenCommand};
use super::desk::{self, Purpose};
use super::exit::Exit;
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::table::{Column, Table};
use crate::report::{moment, strict_json, visible};
use crate::token::Token;

/// Sees to tokens.
pub(super) fn run(
    arguments: TokenArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let purpose = match arguments.command {
        TokenCommand::Add { .. } => Purpose::Add,
        TokenCommand::List { .. } => Purpose::Look,
        TokenCommand::Revoke { .. } => Purpose::Change,
    };
    let desk = &*desk::open(&arguments.keep, &arguments.server, configuration, purpose)?;
    match arguments.command {
        TokenCommand::Add { name, scope, expires, format } => {
            let expires = expires.map(|span| desk.now().saturating_add(span));
            let (token, secret) = desk.add_token(name, scope, expires)?;
            if format == Format::Human {
                // The secret alone: it goes into a file or a variable as it is.
                screen.say(&format!("token {} is shown this once:", token.id));
                screen.put(|out| writeln!(out, "{}", secret.show()))?;
                return Ok(Exit::Clean);
            }
            let mut object = objects::token(&token);
            object["secret"] = secret.show().into();
            screen.put(|out| {
                strict_json::write(out, &object)?;
                out.write_all(b"\n")
            })?;
        }
        TokenCommand::List { format } => {
            let tokens = desk.tokens()?;
            screen.put(|out| match format {
                Format::Human if tokens.is_empty() => writeln!(out, "no tokens"),
                Format::Human => table(&tokens, desk.zone()).write(out, screen.width()),
                _ => objects::put(out, format, "tokens", tokens.iter().map(objects::token)),
            })?;
        }
        TokenCommand::Revoke { id } => {
            if !desk.revoke_token(id)? {
                return Err(Failure::new(format!("there is no token {id} that could be revoked")));
            }
            screen.put(|out| writeln!(out, "token {id} is revoked"))?;
        }
    }
    Ok(Exit::Clean)
}

fn table(tokens: &[Token], zone: &TimeZone) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[Figure("id"), Text("name"), Text("scope"), Figure("made"), Text("until")]);
    for token in tokens {
        let until = match (token.revoked, token.expires) {
            (Some(at), _) => format!("revoked {}", moment(at, zone)),
            (None, Some(at)) => moment(at, zone),
            (None, None) => "it is revoked".into(),
        };
        table.row(vec![
            token.id.to_string(),
            visible(&token.name),
            token.scope.to_string(),
            moment(token.created, zone),
            until,
        ]);
    }
    table
}
