//! Publishing: from the answer of the registration in one region to the moment when a search in the other finds the product by its title.

use std::sync::Arc;
use std::time::Instant;

use dataplane::generate::{GenerateOptions, generate};
use domain::catalogue::I18n;
use domain::engine::{SearchEngine, SearchQuery};

use super::field::{Field, OTHER_REGION};
use super::{NAME, Scope};
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::Samples;
use crate::wait::until;

/// Registers products one after the other, and looks every millisecond until the other region's index finds each.
///
/// # Errors
/// [`Error::App`]; [`Error::TimedOut`] where one never shows.
pub async fn publish(field: &Field, scope: &Scope) -> Result<Vec<Figure>> {
    let resource = small_resource(field).await?;
    let there = field.node(OTHER_REGION)?;
    let engine = there.search().cloned().ok_or_else(|| Error::Wrong("the region has no index".to_owned()))?;
    let began = Instant::now();
    let (mut visible, mut registering) = (Vec::new(), Vec::new());
    for number in 0..scope.publications {
        if began.elapsed() > scope.samples_time_max() {
            break;
        }
        let word = word(number);
        let asked = Instant::now();
        let product = field.register(&resource, title(&word)).await?;
        let answered = Instant::now();
        until("the product in the other region", || found(engine.clone(), word.clone(), product.clone()))
            .await?;
        visible.push(answered.elapsed());
        registering.push(answered - asked);
    }
    Ok(figures(&Samples::new(visible), &Samples::new(registering)))
}

fn figures(visible: &Samples, registering: &Samples) -> Vec<Figure> {
    let note = |what: &str| {
        format!(
            "{what} of {} products, one after the other, from the registration's answer in 1100 to the search in 3100; registering itself took {:.1} ms in the median",
            visible.len(),
            registering.median_ms()
        )
    };
    vec![
        Figure::new(NAME, Metric::VisibleP50Ms, visible.median_ms(), note("median")),
        Figure::new(NAME, Metric::VisibleP99Ms, visible.percentile_ms(99), note("99th percentile")),
    ]
}

/// A day of one station: what is published is the same each time, only the title differs.
async fn small_resource(field: &Field) -> Result<String> {
    let folder = field.providers.config().folder.join("bench");
    let written = tokio::task::spawn_blocking(move || {
        generate(&folder, &GenerateOptions { stations: &["Dongsi"], hours: 24, ..GenerateOptions::default() })
    });
    let written =
        written.await.map_err(|error| Error::Wrong(format!("generating was interrupted: {error}")))?;
    let file = written.map_err(app::Error::from)?.into_iter().next();
    let file = file.ok_or_else(|| Error::Wrong("no file was generated".to_owned()))?;
    field.catalogue(file.path).await
}

/// A word that no other title has.
fn word(number: u32) -> String {
    format!("sample{number:06}")
}

fn title(word: &str) -> I18n {
    I18n::new(format!("空气质量抽样 {word}"), format!("Air quality {word}"))
}

async fn found(engine: Arc<dyn SearchEngine>, word: String, product: String) -> Result<Option<()>> {
    let searched = tokio::task::spawn_blocking(move || engine.search(&SearchQuery::new(word, 1))).await;
    let page = searched.map_err(|error| Error::Wrong(format!("the search was interrupted: {error}")))?;
    let page = page.map_err(app::Error::from)?;
    Ok(page.hits.first().is_some_and(|hit| hit.product.as_str() == product).then_some(()))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn no_word_begins_another() {
        assert_ne!(word(1), word(10));
        assert!(!word(10).starts_with(&word(1)));
        assert!(title(&word(7)).en.ends_with("sample000007"));
    }

    #[test]
    fn both_percentiles_are_of_the_same_samples() {
        let visible = Samples::new((1..=200).map(Duration::from_millis).collect());
        let figures = figures(&visible, &Samples::new(vec![Duration::from_millis(4)]));
        assert_eq!((figures[0].metric, figures[0].value), (Metric::VisibleP50Ms, 100.0));
        assert_eq!((figures[1].metric, figures[1].value), (Metric::VisibleP99Ms, 198.0));
        assert!(figures[1].note.contains("of 200 products"), "{}", figures[1].note);
    }
}
