//! All rows into a file, page by page.

use std::io::Write;

use vestibule_certs_store::CertFilter;
use vestibule_database::{Order, Page, StoreError, unix_time};
use vestibule_provider_store::ProviderFilter;

use crate::progress::Counted;
use crate::write::FileWriter;
use crate::{Installation, Progress, Secrets, TransferError};

/// How many rows are read at a time.
const PAGE: u32 = 200;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// How many cert records.
    pub certs: u64,
    /// How many provider rows.
    pub providers: u64,
    /// The rows that are not in the file because they cannot be read, and what to do. Each names its row.
    pub left_behind: Vec<String>,
}

impl Installation {
    /// Writes all rows to `out`. A row that cannot be read is left behind and named; the others are written.
    ///
    /// # Errors
    /// [`TransferError::Passphrase`], when it is too short; [`TransferError::File`]; [`TransferError::Store`], when the database fails. What was written until
    /// then is no whole file, and is refused when it is read.
    pub async fn export(
        &self,
        secrets: &Secrets,
        out: &mut (dyn Write + Send),
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Exported, TransferError> {
        let mut file = FileWriter::begin(out, secrets, unix_time(self.clock.now()), &*self.random)?;
        let mut exported = Exported::default();
        let mut progress = Counted::new(Some(self.count().await?), progress);
        self.certs_into(&mut file, &mut exported, &mut progress).await?;
        file.certs_done()?;
        self.providers_into(&mut file, &mut exported, &mut progress).await?;
        file.finish()?;
        Ok(exported)
    }

    async fn count(&self) -> Result<u64, TransferError> {
        let one = Page::new(1, 0)?;
        let certs = self.certs.list(&CertFilter::default(), Default::default(), Order::default(), one).await?.total;
        let rows =
            self.providers.list(&ProviderFilter::default(), Default::default(), Order::default(), one).await?.total;
        Ok(certs.saturating_add(rows))
    }

    async fn certs_into(
        &self,
        file: &mut FileWriter<'_>,
        exported: &mut Exported,
        progress: &mut Counted<'_>,
    ) -> Result<(), TransferError> {
        let mut last = (String::new(), String::new());
        loop {
            let page = self.certs.names_after((&last.0, &last.1), PAGE).await?;
            let Some(end) = page.last().cloned() else { return Ok(()) };
            is_after(&end, &last, "cert records")?;
            for (owner, name) in page {
                match self.certs.whole(&owner, &name).await {
                    // Deleted in the meantime.
                    Ok(None) => {}
                    Ok(Some(cert)) => {
                        file.cert(cert)?;
                        exported.certs += 1;
                    }
                    Err(error) => exported.leave_behind(error)?,
                }
                progress.one_more();
            }
            last = end;
        }
    }

    async fn providers_into(
        &self,
        file: &mut FileWriter<'_>,
        exported: &mut Exported,
        progress: &mut Counted<'_>,
    ) -> Result<(), TransferError> {
        let mut last = (String::new(), String::new());
        loop {
            let page = self.providers.whole_after((&last.0, &last.1), PAGE).await?;
            let Some((end, _)) = page.last() else { return Ok(()) };
            is_after(end, &last, "provider rows")?;
            last = end.clone();
            for ((owner, name), provider) in page {
                let written = match provider {
                    Err(error) => Err(error.into()),
                    Ok(provider) => match self.registry.get(&provider.row.kind) {
                        // Which of its fields are secrets, and sealed, only its type knows.
                        Err(error) => Err(TransferError::Store(StoreError::Unreadable(format!(
                            "provider row \"{owner}/{name}\": {}; export it with a program that knows it",
                            error.message()
                        )))),
                        Ok(factory) => file.provider(provider, factory.schema()),
                    },
                };
                match written {
                    Ok(()) => exported.providers += 1,
                    Err(TransferError::Store(error)) => exported.leave_behind(error)?,
                    Err(error) => return Err(error),
                }
                progress.one_more();
            }
        }
    }
}

impl Exported {
    /// A row that cannot be read is named; that the database fails ends the export.
    fn leave_behind(&mut self, error: StoreError) -> Result<(), TransferError> {
        match error {
            StoreError::Database(_) => Err(error.into()),
            error => {
                self.left_behind.push(error.to_string());
                Ok(())
            }
        }
    }
}

/// Names that are not UTF-8 would have the same page read for ever.
fn is_after(end: &(String, String), last: &(String, String), what: &str) -> Result<(), TransferError> {
    if end == last {
        return Err(TransferError::Store(StoreError::Unreadable(format!(
            "{what} after \"{}/{}\" have names that are not UTF-8 text; rename them by SQL",
            last.0, last.1
        ))));
    }
    Ok(())
}
