//! What the demo knows by name: Beijing's air-quality stations and what they measure. Everything else is called as its file and columns are.

use std::collections::BTreeMap;
use std::path::Path;

use dataplane::generate::STATIONS;
use domain::catalogue::{I18n, Keywords};

use crate::i18n::Lang;

/// The Chinese names of the stations that the generator knows, in its order ([`STATIONS`]).
const STATIONS_ZH: [&str; STATIONS.len()] = [
    "奥体中心",
    "昌平",
    "定陵",
    "东四",
    "官园",
    "古城",
    "怀柔",
    "农展馆",
    "顺义",
    "天坛",
    "万柳",
    "万寿西宫",
];

/// A column, as these files name it, in Chinese and English, with its unit.
const COLUMNS: [(&str, &str, &str); 17] = [
    ("No", "序号", "row number"),
    ("year", "年", "year"),
    ("month", "月", "month"),
    ("day", "日", "day"),
    ("hour", "时", "hour"),
    ("PM2.5", "细颗粒物（微克每立方米）", "fine particles (µg/m³)"),
    ("PM10", "可吸入颗粒物（微克每立方米）", "inhalable particles (µg/m³)"),
    ("SO2", "二氧化硫（微克每立方米）", "sulphur dioxide (µg/m³)"),
    ("NO2", "二氧化氮（微克每立方米）", "nitrogen dioxide (µg/m³)"),
    ("CO", "一氧化碳（微克每立方米）", "carbon monoxide (µg/m³)"),
    ("O3", "臭氧（微克每立方米）", "ozone (µg/m³)"),
    ("TEMP", "气温（摄氏度）", "temperature (°C)"),
    ("PRES", "气压（百帕）", "pressure (hPa)"),
    ("DEWP", "露点（摄氏度）", "dew point (°C)"),
    ("RAIN", "降水量（毫米）", "precipitation (mm)"),
    ("wd", "风向", "wind direction"),
    ("WSPM", "风速（米每秒）", "wind speed (m/s)"),
];

/// What the demo says of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The provider's name in both languages.
    pub provider: I18n,
    /// The product's title.
    pub title: I18n,
    /// Its description; empty where nothing is known.
    pub description: I18n,
    /// Its keywords.
    pub keywords: Keywords,
    /// Titles of its columns.
    pub columns: BTreeMap<String, I18n>,
    /// Its short name, as a person would say it: the station's, or the file's.
    pub short: I18n,
    /// The industry code, where one is known.
    pub industry: Option<&'static str>,
}

/// The text in the reader's language.
pub fn in_lang(text: &I18n, lang: Lang) -> &str {
    match lang {
        Lang::Zh => text.in_zh(),
        Lang::En => text.in_en(),
    }
}

/// The stations by their names in Chinese and English.
fn stations() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATIONS_ZH.into_iter().zip(STATIONS)
}

/// Names a file from its name: by the station that occurs in it, else by itself.
pub fn named(path: &Path) -> Named {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = stem.to_lowercase();
    let occurs = |(zh, en): &(&str, &str)| lower.contains(&en.to_ascii_lowercase()) || stem.contains(zh);
    // The longest name, so that no station hides in another's.
    match stations().filter(occurs).max_by_key(|(_, en)| en.len()) {
        Some((zh, en)) => of_station(zh, en),
        None => of_file(&stem),
    }
}

/// Names several files. Those that would be called the same are called by their whole names beside that.
pub fn all(paths: &[&Path]) -> Vec<Named> {
    let first: Vec<Named> = paths.iter().map(|path| named(path)).collect();
    let stands_twice = |named: &Named| first.iter().filter(|other| other.short == named.short).count() > 1;
    let named = first.iter().zip(paths).map(|(named, path)| match stands_twice(named) {
        true => named.clone().with_file(&crate::files::name_of(path)),
        false => named.clone(),
    });
    named.collect()
}

impl Named {
    fn with_file(self, file: &str) -> Named {
        let file = &shortened(file, FILE_CHARS_MAX);
        let with = |text: &I18n| {
            I18n::new(format!("{} ({file})", text.in_zh()), format!("{} ({file})", text.in_en()))
        };
        Named { provider: with(&self.provider), title: with(&self.title), short: I18n::same(file), ..self }
    }
}

fn of_station(zh: &str, en: &str) -> Named {
    Named {
        provider: I18n::new(format!("{zh}空气质量监测站"), format!("{en} air quality station")),
        title: I18n::new(format!("{zh}站空气质量小时数据"), format!("Hourly air quality at {en}")),
        description: I18n::new(
            format!(
                "{zh}站逐小时监测：细颗粒物、可吸入颗粒物、二氧化硫、二氧化氮、一氧化碳、臭氧及气象要素。"
            ),
            format!("Hourly readings at {en}: PM2.5, PM10, SO2, NO2, CO, ozone and weather."),
        ),
        keywords: Keywords {
            zh: ["空气质量", "臭氧", "细颗粒物", "气象", "北京"].map(str::to_owned).to_vec(),
            en: ["air quality", "ozone", "PM2.5", "weather", "Beijing"].map(str::to_owned).to_vec(),
        },
        columns: COLUMNS.iter().map(|(name, zh, en)| ((*name).to_owned(), I18n::new(*zh, *en))).collect(),
        short: I18n::new(zh, en),
        industry: Some(INDUSTRY),
    }
}

/// 生态保护和环境治理业 (GB/T 4754 division 77): the industry of the monitoring stations, and of the demo's industry node.
pub const INDUSTRY: &str = "0077";

/// How many characters of a file's name stand in titles and in its provider's name, which has at most 128.
const NAME_CHARS_MAX: usize = 64;
/// How many of them stand beside that, where two files would be called the same.
const FILE_CHARS_MAX: usize = 40;

/// A name by its beginning and its end, where it is long.
fn shortened(name: &str, chars_max: usize) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= chars_max {
        return name.to_owned();
    }
    let half = chars_max / 2;
    let end = chars.len() - half;
    let part =
        |range: std::ops::Range<usize>| chars.get(range).unwrap_or_default().iter().collect::<String>();
    format!("{}…{}", part(0..half), part(end..chars.len()))
}

fn of_file(stem: &str) -> Named {
    let words = stem.replace(['_', '-'], " ");
    let words = shortened(if words.trim().is_empty() { stem } else { &words }, NAME_CHARS_MAX);
    Named {
        provider: I18n::new(format!("{words} 提供方"), format!("Provider of {words}")),
        title: I18n::same(words.clone()),
        description: I18n::default(),
        keywords: Keywords::default(),
        columns: BTreeMap::new(),
        short: I18n::same(words),
        industry: None,
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn long_names_fit_where_names_are_limited() {
        let long = "x".repeat(238);
        let paths = [format!("/d/{long}1.csv"), format!("/d/{long}1.parquet")];
        let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
        for named in all(&paths) {
            for text in [named.provider.in_en(), named.provider.in_zh(), named.title.in_en()] {
                assert!(text.chars().count() <= 128, "{text}");
            }
        }
        let named = named(Path::new("/d/每小时空气质量.csv"));
        assert_eq!(named.title.in_zh(), "每小时空气质量");
    }

    #[test]
    fn a_station_is_known_in_any_file_name() {
        for name in
            ["PRSA_Data_Aotizhongxin_20130301-20170228.csv", "air_aotizhongxin.parquet", "奥体中心.csv"]
        {
            let named = named(Path::new(name));
            assert_eq!(named.short, I18n::new("奥体中心", "Aotizhongxin"), "{name}");
            assert!(named.columns.contains_key("O3"));
        }
    }

    #[test]
    fn another_file_is_called_as_it_is() {
        let named = named(Path::new("/data/river_levels-2024.csv"));
        assert_eq!(named.title, I18n::same("river levels 2024"));
        assert_eq!(named.industry, None);
    }

    #[test]
    fn files_of_one_name_are_told_apart() {
        let named = all(&[Path::new("levels.csv"), Path::new("levels.parquet"), Path::new("rain.csv")]);
        let shorts: Vec<_> = named.iter().map(|named| named.short.in_en()).collect();
        assert_eq!(shorts, ["levels.csv", "levels.parquet", "rain"]);
        assert_eq!(named[1].title, I18n::same("levels (levels.parquet)"));
        assert_eq!(named[1].provider.in_zh(), "levels 提供方 (levels.parquet)");
    }

    #[test]
    fn every_station_is_found_by_its_own_name() {
        for (zh, en) in stations() {
            for name in [format!("x_{en}.csv"), format!("{}.csv", en.to_lowercase()), format!("{zh}.csv")] {
                assert_eq!(named(Path::new(&name)).short, I18n::new(zh, en), "{name}");
            }
        }
        for pair in [("奥体中心", "Aotizhongxin"), ("天坛", "Tiantan"), ("万寿西宫", "Wanshouxigong")]
        {
            assert!(stations().any(|station| station == pair), "{pair:?}");
        }
    }
}
