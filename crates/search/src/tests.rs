//! The catalogue of the twelve stations, asked in two languages; and everything that may not break it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::sync::LazyLock;

use domain::catalogue::{I18n, Keywords};
use domain::engine::{SearchChange, SearchDocument, SearchEngine, SearchPage, SearchQuery};
use domain::id::{ProductId, SubjectCode};
use domain::limits::SEARCH_PAGE_MAX;

use crate::{Dictionary, Error, Index};

const STATIONS: [(&str, &str); 12] = [
    ("Aotizhongxin", "奥体中心"),
    ("Changping", "昌平"),
    ("Dingling", "定陵"),
    ("Dongsi", "东四"),
    ("Guanyuan", "官园"),
    ("Gucheng", "古城"),
    ("Huairou", "怀柔"),
    ("Nongzhanguan", "农展馆"),
    ("Shunyi", "顺义"),
    ("Tiantan", "天坛"),
    ("Wanliu", "万柳"),
    ("Wanshouxigong", "万寿西宫"),
];
const COLUMNS: [&str; 18] = [
    "No", "year", "month", "day", "hour", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "TEMP", "PRES", "DEWP",
    "RAIN", "wd", "WSPM", "station",
];

/// One dictionary for all tests that do not ask when it is loaded.
static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::new);

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn station(number: usize) -> SearchDocument {
    let (en, zh) = STATIONS[number];
    SearchDocument {
        product: product(number),
        title: I18n {
            zh: format!("{zh}站空气质量逐时数据"),
            en: format!("Hourly air quality at {en} station"),
        },
        description: I18n {
            zh: format!("北京市{zh}监测站：PM2.5、PM10、二氧化硫、二氧化氮、一氧化碳、臭氧与气象"),
            en: format!("Readings in μg/m³ of particles, sulphur dioxide, carbon monoxide, ozone at {en}"),
        },
        keywords: Keywords {
            zh: strings(&["空气质量", "臭氧"]), en: strings(&["air quality", "ozone"])
        },
        columns: strings(&COLUMNS),
        provider_name: format!("{zh}监测中心"),
        area: "1100".parse().unwrap(),
    }
}

/// A document with little in it, to be filled by struct update.
fn plain(number: usize) -> SearchDocument {
    SearchDocument {
        product: product(number),
        title: I18n::default(),
        description: I18n::default(),
        keywords: Keywords::default(),
        columns: Vec::new(),
        provider_name: String::new(),
        area: "3100".parse().unwrap(),
    }
}

fn en(text: &str) -> I18n {
    I18n { zh: String::new(), en: text.to_owned() }
}

fn upserts(documents: impl IntoIterator<Item = SearchDocument>) -> Vec<SearchChange> {
    documents.into_iter().map(Box::new).map(SearchChange::Upsert).collect()
}

fn index_of(documents: impl IntoIterator<Item = SearchDocument>) -> Index {
    let index = Index::in_memory(&DICTIONARY).unwrap();
    index.apply(&upserts(documents)).unwrap();
    index
}

fn stations() -> Index {
    index_of((0..STATIONS.len()).map(station))
}

fn query(text: &str) -> SearchQuery {
    SearchQuery { text: text.to_owned(), limit: 50, offset: 0, area: None }
}

fn search(index: &Index, text: &str) -> SearchPage {
    index.search(&query(text)).unwrap()
}

fn found(index: &Index, text: &str) -> Vec<ProductId> {
    let page = search(index, text);
    assert_eq!(page.total, page.hits.len() as u64, "{text}");
    page.hits.into_iter().map(|hit| hit.product).collect()
}

fn products(numbers: impl IntoIterator<Item = usize>) -> Vec<ProductId> {
    numbers.into_iter().map(product).collect()
}

#[test]
fn each_station_is_found_by_its_name_in_either_language() {
    let index = stations();
    for (number, (en, zh)) in STATIONS.into_iter().enumerate() {
        let name = en.to_lowercase();
        for text in [
            zh.to_owned(),
            format!("{zh} 臭氧"),
            format!("臭氧 {zh}"),
            format!("{zh}臭氧"),
            format!("{zh}站的PM2.5"),
            format!("{zh}\u{3000}空气质量"),
            name[..5].to_owned(),
            name.clone(),
            format!("{} o3", en.to_uppercase()),
            format!("ozone {name}"),
        ] {
            assert_eq!(found(&index, &text), products([number]), "{text}");
        }
    }
}

#[test]
fn a_word_common_to_all_finds_all() {
    let index = stations();
    for text in [
        "臭氧",
        "空气质量",
        "空气",
        "质量",
        "氧",
        "北京",
        "北京市",
        "Beijing",
        "1100",
        "PM2.5",
        "pm2.5",
        "PM25",
        "ＰＭ２．５",
        "pm 2.5",
        "O3",
        "o₃",
        "ozone",
        "OZONE",
        "air quality",
        "quality air",
        "ug/m3",
        "μg/m³",
        "station",
        "监测中心",
        "WSPM",
    ] {
        assert_eq!(found(&index, text).len(), STATIONS.len(), "{text}");
    }
}

#[test]
fn words_that_do_not_stand_together_in_one_product_find_nothing() {
    let index = stations();
    for text in [
        "奥体中心 天坛",
        "上海",
        "臭氧 上海",
        "Aotizhongxin Tiantan",
        "ozone radon",
        "心中体奥",
        "2.7",
        "PM3",
    ] {
        assert_eq!(found(&index, text), [], "{text}");
    }
}

#[test]
fn the_last_latin_word_is_found_by_its_beginning() {
    let index = stations();
    assert_eq!(found(&index, "aoti"), products([0]));
    assert_eq!(found(&index, "臭氧 aoti"), products([0]));
    let mut both = products([10, 11]);
    both.sort();
    assert_eq!(found(&index, "wan"), both);
    assert_eq!(found(&index, "aoti ozone"), [], "only the last word may be a beginning");
    assert_eq!(found(&index, "w"), [], "one letter is too little");
}

#[test]
fn a_product_is_found_by_its_whole_id() {
    let index = stations();
    let id = product(3).to_string();
    for text in [id.clone(), format!("  {id}\n"), id.to_lowercase()] {
        assert_eq!(found(&index, &text), products([3]), "{text}");
    }
    assert_eq!(found(&index, &id[..id.len() - 1]), [], "a part of an id is no id");
    assert_eq!(found(&index, product(99).as_ref()), []);
}

#[test]
fn a_blank_query_gives_everything_in_one_stable_order() {
    let index = index_of((0..12).rev().map(station));
    index.apply(&upserts([station(5)])).unwrap();
    let mut expected = products(0..12);
    expected.sort();
    for text in ["", "   ", "\t\n", "\u{3000}"] {
        assert_eq!(found(&index, text), expected, "{text:?}");
    }
}

#[test]
fn pages_put_together_are_the_whole() {
    let index = stations();
    for text in ["", "臭氧"] {
        let whole = found(&index, text);
        let mut pages = Vec::new();
        for offset in (0..15).step_by(5) {
            let page = index.search(&SearchQuery { limit: 5, offset, ..query(text) }).unwrap();
            assert_eq!(page.total, 12);
            pages.extend(page.hits.into_iter().map(|hit| hit.product));
        }
        assert_eq!(pages, whole, "{text}");
    }
}

#[test]
fn a_page_beyond_the_end_or_of_no_size_has_the_total_only() {
    let index = stations();
    for (limit, offset) in [(0, 0), (5, 12), (5, u32::MAX), (u32::MAX, u32::MAX)] {
        let page = index.search(&SearchQuery { limit, offset, ..query("臭氧") }).unwrap();
        assert_eq!((page.total, page.hits.len()), (12, 0), "limit {limit}, offset {offset}");
    }
}

#[test]
fn a_page_is_never_larger_than_its_limit() {
    let index = index_of((0..105).map(|n| SearchDocument { title: en("ozone"), ..plain(n) }));
    let page = index.search(&SearchQuery { limit: u32::MAX, ..query("ozone") }).unwrap();
    assert_eq!((page.total, page.hits.len()), (105, SEARCH_PAGE_MAX as usize));
}

#[test]
fn titles_stand_above_keywords_and_these_above_the_rest() {
    let filler = |n: usize| SearchDocument { title: en("something else"), ..plain(n) };
    let documents = [
        SearchDocument { description: en("ozone, ozone and again ozone"), ..filler(0) },
        SearchDocument { columns: strings(&["ozone"]), ..filler(1) },
        SearchDocument { provider_name: "Ozone Ltd".to_owned(), ..filler(2) },
        SearchDocument { keywords: Keywords { zh: Vec::new(), en: strings(&["ozone"]) }, ..filler(3) },
        SearchDocument { title: en("one long title of many words that somewhere says ozone"), ..plain(4) },
    ];
    let index = index_of(documents.into_iter().chain((5..40).map(filler)));
    assert_eq!(found(&index, "ozone"), products([4, 3, 2, 1, 0]));
    let ranks: Vec<_> = search(&index, "ozone").hits.iter().map(|hit| hit.score_milli).collect();
    assert!(ranks.windows(2).all(|pair| pair[0] > pair[1]), "{ranks:?}");
}

#[test]
fn a_whole_word_stands_above_a_part_of_one() {
    let zh = |text: &str| I18n { zh: text.to_owned(), en: String::new() };
    let index = index_of([
        SearchDocument { title: zh("研究生命起源"), ..plain(0) },
        SearchDocument { title: zh("在读研究生名单"), ..plain(1) },
        SearchDocument { title: en("ozonesonde"), ..plain(2) },
        SearchDocument { title: en("ozone"), ..plain(3) },
    ]);
    assert_eq!(found(&index, "研究生"), products([1, 0]));
    assert_eq!(found(&index, "ozone"), products([3, 2]));
}

#[test]
fn equal_ranks_are_ordered_by_product_however_they_came_in() {
    let same = |n: usize| SearchDocument { title: en("ozone"), ..plain(n) };
    let index = index_of([]);
    for number in [4, 1, 3, 0, 2] {
        index.apply(&upserts([same(number)])).unwrap();
    }
    let mut expected = products(0..5);
    expected.sort();
    assert_eq!(found(&index, "ozone"), expected);
}

#[test]
fn a_search_can_be_kept_to_one_area() {
    let index = index_of([station(0), SearchDocument { title: en("ozone"), ..plain(1) }]);
    let within = |area: &str, text: &str| {
        let asked = SearchQuery { area: Some(area.parse().unwrap()), ..query(text) };
        index.search(&asked).unwrap().hits.into_iter().map(|hit| hit.product).collect::<Vec<_>>()
    };
    for text in ["ozone", ""] {
        assert_eq!(within("1100", text), products([0]), "{text}");
        assert_eq!(within("3100", text), products([1]), "{text}");
        assert_eq!(within("4400", text), [], "{text}");
    }
}

#[test]
fn a_province_holds_its_regions() {
    let index = index_of([
        SearchDocument { title: en("ozone"), area: "4403".parse().unwrap(), ..plain(0) },
        station(1),
    ]);
    let within = |area: &str| {
        let asked = SearchQuery { area: Some(area.parse().unwrap()), ..query("") };
        index.search(&asked).unwrap().total
    };
    assert_eq!((within("4400"), within("4403"), within("4401")), (1, 1, 0));
    assert_eq!(found(&index, "guangdong"), products([0]));
    assert_eq!(found(&index, "深圳 广东"), products([0]));
}

#[test]
fn an_area_does_not_change_the_rank() {
    let index = stations();
    let everywhere = search(&index, "臭氧").hits;
    let within = SearchQuery { area: Some("1100".parse().unwrap()), ..query("臭氧") };
    assert_eq!(index.search(&within).unwrap().hits, everywhere);
}

#[test]
fn a_change_replaces_and_a_removal_removes() {
    let index = stations();
    index.apply(&upserts([SearchDocument { title: en("moved"), ..plain(0) }])).unwrap();
    assert_eq!(found(&index, "奥体中心"), []);
    assert_eq!(found(&index, "moved"), products([0]));
    index.apply(&[SearchChange::Remove(product(0)), SearchChange::Remove(product(77))]).unwrap();
    assert_eq!(found(&index, "moved"), []);
    assert_eq!((index.len(), search(&index, "").total), (11, 11));
}

#[test]
fn the_last_change_of_a_batch_wins() {
    let index = index_of([]);
    let titled = |text: &str| SearchChange::Upsert(Box::new(SearchDocument { title: en(text), ..plain(0) }));
    index
        .apply(&[titled("first"), titled("second"), SearchChange::Remove(product(0)), titled("third")])
        .unwrap();
    assert_eq!((found(&index, "third"), index.len()), (products([0]), 1));
    index.apply(&[titled("fourth"), SearchChange::Remove(product(0))]).unwrap();
    assert!(index.is_empty());
}

#[test]
fn no_text_of_a_query_is_an_error() {
    let index = stations();
    let long = ["臭氧".repeat(100_000), "a ".repeat(100_000), "(".repeat(100_000), "x".repeat(1_000_000)];
    let operators = [
        "title_zh:臭氧",
        "臭氧 AND",
        "NOT",
        "\"臭氧",
        "[a TO z]",
        "*",
        "臭*",
        "a~99",
        "^",
        "{!x}",
        "/.*/",
        "\\",
        "-臭氧 +",
        "OR OR OR",
        "'; DROP TABLE",
        "\0臭\0氧",
        "\u{202e}臭氧",
        "\u{1b}[2J",
        "\u{feff}",
        "🙂",
        "e\u{301}\u{301}\u{301}",
        "ﷺﷺﷺ",
    ];
    for text in long.iter().map(String::as_str).chain(operators) {
        let page = index.search(&query(text)).unwrap();
        assert!(page.total <= 12, "{}", text.chars().take(20).collect::<String>());
    }
    assert_eq!(found(&index, "*"), [], "signs alone find nothing");
    assert_eq!(found(&index, "\"臭氧\" (奥体中心)!"), products([0]), "signs between words are passed over");
    assert_eq!(found(&index, "-臭氧 +奥体中心"), products([0]));
}

#[test]
fn hostile_documents_are_indexed_within_limits() {
    let index = index_of([SearchDocument {
        title: en(&"word ".repeat(300_000)),
        description: en(&"x".repeat(1_000_000)),
        columns: (0..5_000).map(|n| format!("column_{n}")).collect(),
        keywords: Keywords { zh: vec!["\0\u{7}\u{202e}".to_owned()], en: vec![String::new()] },
        ..plain(0)
    }]);
    assert_eq!(found(&index, "word"), products([0]));
    assert_eq!(found(&index, "4999"), products([0]), "the last of 5,000 columns");
    assert_eq!(found(&index, "column_4999"), products([0]));
}

#[test]
fn latin_catalogue_and_queries_leave_the_dictionary_unloaded() {
    let dictionary = Dictionary::new();
    let index = Index::in_memory(&dictionary).unwrap();
    assert!(search(&index, "").hits.is_empty() && search(&index, "ozone").hits.is_empty());
    assert!(!dictionary.is_loaded(), "an idle node never reads it");
    search(&index, "臭氧");
    assert!(dictionary.is_loaded());
}

#[test]
fn an_index_in_a_folder_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let opened = Index::open(&folder.path().join("a/b"), &DICTIONARY).unwrap();
    assert!(opened.opened_fresh && opened.index.is_empty());
    drop(opened);
    let opened = Index::open(&folder.path().join("a/b"), &DICTIONARY).unwrap();
    assert!(opened.opened_fresh, "whoever was told must have fed it before it counts as an old one");
    opened.index.apply(&upserts((0..12).map(station))).unwrap();
    drop(opened);
    let again = Index::open(&folder.path().join("a/b"), &DICTIONARY).unwrap();
    assert!(!again.opened_fresh);
    assert_eq!(found(&again.index, "奥体中心 臭氧"), products([0]));
    again.index.apply(&[SearchChange::Remove(product(0))]).unwrap();
    again.index.release().unwrap();
    again.index.apply(&upserts([station(0)])).unwrap();
    assert_eq!(found(&again.index, "臭氧").len(), 12);
}

/// Fills an index in a folder, lets `harm` at it, and opens it again.
fn after(harm: impl Fn(&std::path::Path)) -> (tempfile::TempDir, crate::Opened) {
    let folder = tempfile::tempdir().unwrap();
    let opened = Index::open(folder.path(), &DICTIONARY).unwrap();
    opened.index.apply(&upserts([station(0)])).unwrap();
    drop(opened);
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    harm(folder.path());
    let opened = Index::open(folder.path(), &DICTIONARY).unwrap();
    (folder, opened)
}

fn assert_begun_anew(harm: impl Fn(&std::path::Path)) {
    let (folder, opened) = after(harm);
    assert!(opened.opened_fresh && opened.index.is_empty());
    opened.index.apply(&upserts([station(1)])).unwrap();
    assert_eq!(found(&opened.index, "昌平"), products([1]));
    assert_eq!(fs::read_to_string(folder.path().join("notes.txt")).unwrap(), "mine", "a foreign file stays");
    drop(opened);
    let again = Index::open(folder.path(), &DICTIONARY).unwrap();
    assert!(!again.opened_fresh, "begun anew once, not every time");
}

fn file_ending(folder: &std::path::Path, ending: &str) -> std::path::PathBuf {
    let mut paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.find(|path| path.to_string_lossy().ends_with(ending)).unwrap()
}

#[test]
fn an_unharmed_index_is_kept() {
    let (_folder, opened) = after(|_| {});
    assert!(!opened.opened_fresh);
    assert_eq!(found(&opened.index, "奥体中心"), products([0]));
}

#[test]
fn an_index_of_another_version_is_begun_anew() {
    assert_begun_anew(|folder| fs::write(folder.join("weir-search.version"), "0").unwrap());
    assert_begun_anew(|folder| fs::write(folder.join("weir-search.version"), [0xff; 9]).unwrap());
    assert_begun_anew(|folder| fs::remove_file(folder.join("weir-search.version")).unwrap());
}

#[test]
fn a_change_outlives_the_process_but_is_not_trusted_after_another_boot() {
    let unsynced = |folder: &std::path::Path| folder.join("weir-search.unsynced");
    let (_folder, opened) = after(|folder| assert!(unsynced(folder).exists(), "dropped without release"));
    assert!(!opened.opened_fresh);
    assert_begun_anew(|folder| fs::write(unsynced(folder), "another boot").unwrap());
    let (folder, opened) = after(|_| {});
    opened.index.apply(&upserts([station(1)])).unwrap();
    opened.index.release().unwrap();
    assert!(!unsynced(folder.path()).exists(), "released: all is on the disk");
    opened.index.apply(&upserts([station(2)])).unwrap();
    assert!(unsynced(folder.path()).exists());
}

#[test]
fn a_damaged_index_is_begun_anew() {
    assert_begun_anew(|folder| fs::write(folder.join("meta.json"), "{").unwrap());
    assert_begun_anew(|folder| fs::remove_file(folder.join("meta.json")).unwrap());
    for ending in [".term", ".idx", ".pos", ".fast", ".fieldnorm", ".store"] {
        assert_begun_anew(|folder| fs::remove_file(file_ending(folder, ending)).unwrap());
        assert_begun_anew(|folder| {
            let path = file_ending(folder, ending);
            let mut bytes = fs::read(&path).unwrap();
            bytes[0] ^= 0xff;
            fs::remove_file(&path).unwrap();
            fs::write(&path, bytes).unwrap();
        });
        assert_begun_anew(|folder| {
            let path = file_ending(folder, ending);
            fs::remove_file(&path).unwrap();
            fs::write(&path, "").unwrap();
        });
    }
}

#[test]
fn a_folder_that_cannot_be_one_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Index::open(&file, &DICTIONARY).unwrap_err();
    assert!(matches!(error, Error::Folder { .. }));
    assert!(error.to_string().contains(&*file.to_string_lossy()), "{error}");
}

#[test]
fn two_writers_of_one_folder_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let first = Index::open(folder.path(), &DICTIONARY).unwrap().index;
    let second = Index::open(folder.path(), &DICTIONARY).unwrap().index;
    first.apply(&upserts([station(0)])).unwrap();
    assert!(matches!(second.change(&upserts([station(1)])), Err(Error::Busy)));
    first.release().unwrap();
    second.apply(&upserts([station(1)])).unwrap();
    assert_eq!(found(&second, "臭氧").len(), 2);
}

#[test]
fn many_small_changes_are_each_seen_at_once_and_stay_few_segments() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path(), &DICTIONARY).unwrap().index;
    for number in 0..60 {
        index
            .apply(&upserts([SearchDocument { title: en(&format!("title{number}")), ..plain(number) }]))
            .unwrap();
        assert_eq!(found(&index, &format!("title{number}"))[0], product(number));
    }
    index.release().unwrap();
    let segments = fs::read_dir(folder.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "term")
    });
    assert!(segments.count() < 30);
    assert_eq!(index.len(), 60);
}

#[test]
fn searching_goes_on_while_the_index_changes() {
    let index = stations();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..20 {
                index.apply(&upserts([station(round % 12)])).unwrap();
            }
        });
        while !writer.is_finished() {
            assert_eq!(found(&index, "臭氧").len(), 12, "a replaced product never vanishes");
        }
    });
}

fn product(number: usize) -> ProductId {
    let subject = SubjectCode::parse("91110000600037341L").unwrap();
    let mut draws = number as u64 * 100..;
    ProductId::mint(&subject, "1100".parse().unwrap(), || draws.next().unwrap()).unwrap()
}
