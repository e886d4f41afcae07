use super::arguments::{Format, TokenArguments, TokenCommand};
use super::exit::Exit;
use super::kept::Kept;
use super::{Failure, Screen, objects};
use crate::configuration::Configuration;
use crate::report::table::{Column, Table};
use crate::report::{moment, strict_json, visible};
use crate::token::{NewToken, Token, TokenSecret};

/// Sees to tokens.
pub(super) fn run(
    arguments: TokenArguments,
    configuration: &Configuration,
    screen: &Screen,
) -> Result<Exit, Failure> {
    let kept = match arguments.command {
        TokenCommand::Add { .. } => Kept::make(&arguments.keep, configuration)?,
        TokenCommand::List { .. } => Kept::look(&arguments.keep, configuration)?,
        TokenCommand::Revoke { .. } => Kept::open(&arguments.keep, configuration)?,
    };
    let failed = |error| kept.failed(&error);
    match arguments.command {
        TokenCommand::Add { name, scope, expires, format } => {
            let secret = TokenSecret::draw().map_err(Failure::new)?;
            let expires = expires.map(|span| kept.clock.now().saturating_add(span));
            let new = NewToken { tenant: kept.tenant.clone(), name, scope, expires };
            let id = kept.database.add_token(new, secret.hash(), kept.actor()).map_err(failed)?;
            if format == Format::Human {
                // The secret alone: it goes into a file or a variable as it is.
                screen.say(&format!("token {id} is shown this once:"));
                screen.put(|out| writeln!(out, "{}", secret.show()))?;
                return Ok(Exit::Clean);
            }
            let tokens = kept.database.tokens(&kept.tenant).map_err(failed)?;
            for token in tokens.iter().filter(|token| token.id == id) {
                let mut object = objects::token(token);
                object["secret"] = secret.show().into();
                screen.put(|out| {
                    strict_json::write(out, &object)?;
                    out.write_all(b"\n")
                })?;
            }
        }
        TokenCommand::List { format } => {
            let tokens = kept.database.tokens(&kept.tenant).map_err(failed)?;
            screen.put(|out| match format {
                Format::Human if tokens.is_empty() => writeln!(out, "no tokens"),
                Format::Human => table(&tokens, &kept).write(out, screen.width()),
                _ => objects::put(out, format, "tokens", tokens.iter().map(objects::token)),
            })?;
        }
        TokenCommand::Revoke { id } => {
            if !kept.database.revoke_token(&kept.tenant, id, kept.actor()).map_err(failed)? {
                return Err(Failure::new(format!("there is no token {id} that could be revoked")));
            }
            screen.put(|out| writeln!(out, "token {id} is revoked"))?;
        }
    }
    Ok(Exit::Clean)
}

fn table(tokens: &[Token], kept: &Kept) -> Table {
    use Column::{Figure, Text};
    let mut table = Table::of(&[Figure("id"), Text("name"), Text("scope"), Figure("made"), Text("until")]);
    for token in tokens {
        let until = match (token.revoked, token.expires) {
            (Some(at), _) => format!("revoked {}", moment(at, &kept.zone)),
            (None, Some(at)) => moment(at, &kept.zone),
            (None, None) => "it is revoked".into(),
        };
        table.row(vec![
            token.id.to_string(),
            visible(&token.name),
            token.scope.to_string(),
            moment(token.created, &kept.zone),
            until,
        ]);
    }
    table
}
