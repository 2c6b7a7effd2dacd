//! One use on its way: requests until all bytes are there, a broken connection taken up again where it broke.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::places::{Places, State, extension};
use super::sink::Sink;
use super::{Begun, Patience};
use crate::client::{Client, Download};
use crate::commands::closed;
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Progress, size};

/// One use on its way.
pub(super) struct Transfer<'a> {
    client: &'a Client,
    pub state: State,
    progress: &'a Progress,
    /// Where the progress stood when the first byte of the delivery was still to come.
    progress_before: u64,
    patience: Patience,
    pub sink: Sink,
    places: Option<&'a Places>,
    /// Whether the provider may have counted the use: after an answer, and after a question whose answer is not known.
    heard_of: bool,
}

impl<'a> Transfer<'a> {
    /// Into the part file, from where it ends.
    pub fn to_part(
        client: &'a Client,
        places: &'a Places,
        begun: Begun,
        patience: Patience,
        progress: &'a Progress,
    ) -> Result<Transfer<'a>> {
        let (sink, progress_before) = (Sink::open(&places.part)?, progress.position());
        let (state, heard_of) = (begun.state, !begun.fresh);
        let places = Some(places);
        Ok(Transfer { client, state, progress, progress_before, patience, sink, places, heard_of })
    }

    /// To standard output, from the beginning.
    pub fn to_stdout(
        client: &'a Client,
        state: State,
        patience: Patience,
        progress: &'a Progress,
    ) -> Transfer<'a> {
        let (sink, progress_before) = (Sink::stdout(), progress.position());
        Transfer { client, state, progress, progress_before, patience, sink, places: None, heard_of: true }
    }
}

impl Transfer<'_> {
    /// Bytes that are there.
    pub fn written(&self) -> u64 {
        self.sink.written
    }

    /// Brings what is missing; where what an earlier run left turns out to be spoilt, brings the whole once more. A use that is
    /// refused leaves nothing behind.
    pub async fn run_checked(&mut self) -> Result<()> {
        let resumed = self.sink.written > 0;
        let outcome = match self.run().await {
            Ok(()) if !self.holds() && resumed => self.again().await,
            outcome => outcome,
        };
        outcome.inspect_err(|failure| self.forget_if_refused(failure))
    }

    fn is_whole(&self) -> bool {
        self.state.bytes == Some(self.sink.written) && self.state.sha256.is_some()
    }

    fn holds(&self) -> bool {
        self.state.sha256.as_deref() == Some(self.sink.digest().as_str())
    }

    /// Brings what is missing, and takes a broken connection up again where it broke.
    pub async fn run(&mut self) -> Result<()> {
        let mut tries = 0;
        while !self.is_whole() {
            let before = self.sink.written;
            match self.attempt().await {
                Ok(()) if self.is_whole() => break,
                Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
                outcome => {
                    self.heard_of = true;
                    tries = if self.sink.written > before { 1 } else { tries + 1 };
                    if tries >= self.patience.tries_max {
                        return Err(self.given_up(outcome.err()));
                    }
                    tokio::time::sleep(self.patience.pause * tries).await;
                }
            }
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.sink.restart(self.places.map_or(Path::new("-"), |places| &places.part))
    }

    /// Brings the whole once more, under the same use.
    async fn again(&mut self) -> Result<()> {
        self.restart()?;
        self.run().await
    }

    /// A use that was refused at the first question is none: nothing of it stays behind. One that may have been counted stays known,
    /// so that another try does not cost another one.
    fn forget_if_refused(&self, failure: &Failure) {
        let Some(places) = self.places else { return };
        let refused = failure.problem.as_ref().is_some_and(|problem| (400..500).contains(&problem.status));
        if refused && !self.heard_of && self.state.sha256.is_none() {
            for path in [&places.part, &places.state] {
                if let Err(error) = std::fs::remove_file(path) {
                    tracing::debug!(path = %path.display(), "cannot remove what a refused use left: {error}");
                }
            }
        }
    }

    /// One request: from where the sink ends to the end, or to where the connection breaks.
    async fn attempt(&mut self) -> Result<()> {
        let mut offset = self.sink.written;
        if self.state.bytes.is_some_and(|bytes| offset > bytes) {
            self.restart()?;
            offset = 0;
        }
        let mut download = self.client.download(&self.state.contract, &self.state.use_id, offset).await?;
        self.agree(&download)?;
        if offset > 0 && !download.partial {
            self.restart()?;
        }
        self.progress.set(self.progress_before + self.sink.written);
        while let Some(piece) = download.next().await {
            let piece = piece.map_err(|error| self.broken().because(error))?;
            if self.sink.written + piece.len() as u64 > download.bytes {
                return Err(Failure::new(Exit::Unverified, "get-too-long").with("bytes", download.bytes));
            }
            self.sink.put(&piece).map_err(|error| self.not_put(error))?;
            self.progress.add(piece.len() as u64);
        }
        Ok(())
    }

    /// What the node says about the whole must be what it said before; the first time it is kept.
    fn agree(&mut self, download: &Download) -> Result<()> {
        let same = self.state.sha256.as_ref().is_none_or(|known| *known == download.sha256)
            && self.state.bytes.is_none_or(|known| known == download.bytes);
        if !same || download.use_id != self.state.use_id {
            return Err(Failure::new(Exit::Unverified, "get-changed").with("use", &self.state.use_id));
        }
        self.progress.expect(download.bytes);
        if self.state.sha256.is_some() {
            return Ok(());
        }
        self.state.sha256 = Some(download.sha256.clone());
        self.state.bytes = Some(download.bytes);
        self.state.rows = download.rows;
        self.state.extension = Some(extension(&download.content_type).to_owned());
        self.places.map_or(Ok(()), |places| places.save(&self.state))
    }

    fn not_put(&self, error: Error) -> Failure {
        match self.places {
            Some(places) => Failure::unwritable(&places.part, error),
            None => closed(error),
        }
    }

    fn broken(&self) -> Failure {
        Failure::new(Exit::Unreachable, "client-broken").with("address", self.client.address())
    }

    fn given_up(&self, last: Option<Failure>) -> Failure {
        let last = last.unwrap_or_else(|| self.broken().because(Error::from(ErrorKind::UnexpectedEof)));
        if self.sink.written == 0 && self.state.sha256.is_none() {
            return last;
        }
        let reason = last.message.arg("reason").unwrap_or_default().to_owned();
        Failure::new(Exit::Unreachable, "get-interrupted")
            .with("written", size(self.sink.written))
            .with("use", &self.state.use_id)
            .with("reason", reason)
    }
}
