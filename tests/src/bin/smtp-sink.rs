//! A mail server that takes everything and keeps it: `smtp-sink FOLDER` listens on a free port of 127.0.0.1, writes
//! it to `FOLDER/port`, and each mail to `FOLDER/N.eml`. For the demo; it ends with its process.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("usage: smtp-sink FOLDER")?);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    // Whoever waits for the port must not read half of it.
    fs::write(folder.join("port.part"), listener.local_addr()?.port().to_string())?;
    fs::rename(folder.join("port.part"), folder.join("port"))?;
    let mut mails = 0;
    for connection in listener.incoming() {
        // A client that goes away in the middle, as one does that is killed, ends its connection and no more.
        let _ = take(&connection?, &folder, &mut mails);
    }
    Ok(())
}

/// Talks to one client; `mails` are counted.
fn take(connection: &TcpStream, folder: &Path, mails: &mut usize) -> Result<(), Box<dyn Error>> {
    let (mut lines, mut out) = (BufReader::new(connection).lines(), connection);
    out.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" | "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP" => out.write_all(b"250 ok\r\n")?,
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                loop {
                    let line = lines.next().ok_or("the end of a mail that is not whole")??;
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push('\n');
                }
                *mails += 1;
                fs::write(folder.join(format!("{mails}.eml")), mail)?;
                out.write_all(b"250 kept\r\n")?;
            }
            "QUIT" => {
                out.write_all(b"221 bye\r\n")?;
                break;
            }
            _ => out.write_all(b"502 not here\r\n")?,
        }
    }
    Ok(())
}
