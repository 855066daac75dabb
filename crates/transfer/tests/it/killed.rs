//! An import that ends in the middle.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use vestibule_testkit::databases::{Backend, TestDatabase, on_every_database};
use vestibule_transfer::{Outcome, Secrets};

use crate::house::{ANNA, House, import, sealed};

on_every_database! {
    async fn an_import_that_ends_anywhere_leaves_whole_rows_and_can_be_repeated(database: TestDatabase) {
        let elsewhere = House::furnished(TestDatabase::create(Backend::Sqlite).await).await;
        let (wanted, file) = (elsewhere.contents().await, import(&elsewhere.export(&sealed()).await));
        let here = House::open(database).await;
        let plan = here.plan(&file).await;
        let mut done = 0;
        for polls in (0..).step_by(3) {
            let finished = {
                let mut tell = |_| {};
                let mut apply = pin!(here.rooms.apply(&file, &plan, ANNA, &mut tell));
                let mut left = polls;
                poll_fn(|cx| match left {
                    0 => Poll::Ready(false),
                    _ => {
                        left -= 1;
                        apply.as_mut().poll(cx).map(|_| true)
                    }
                })
                .await
            };
            // Every row that is there is there as a whole.
            let plan = here.plan(&file).await;
            assert!(plan.rows.iter().all(|row| matches!(row.outcome, Outcome::New | Outcome::Unchanged)), "{plan:#?}");
            done = done.max(plan.rows.len() - plan.changes());
            if finished {
                break;
            }
        }
        assert_eq!(done, 5);
        here.import(&file).await;
        assert_eq!(here.contents().await, wanted);
    }
}

#[tokio::test]
async fn an_export_that_ends_in_the_middle_is_no_file() {
    /// Room for so many bytes, and no more.
    struct Full(Vec<u8>, usize);

    impl std::io::Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = (self.1 - self.0.len()).min(bytes.len());
            self.0.extend_from_slice(&bytes[..room]);
            if room == 0 { Err(std::io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let house = House::furnished(TestDatabase::create(Backend::Sqlite).await).await;
    let size = house.export(&Secrets::LeftOut).await.len();
    for room in [0, 10, size / 2, size - 4] {
        let mut file = Full(Vec::new(), room);
        assert!(house.rooms.export(&Secrets::LeftOut, &mut file, &mut |_| {}).await.is_err());
        let said = house.refusal(&import(&file.0)).await;
        assert!(said.contains("cut off"), "{said}");
    }
}
