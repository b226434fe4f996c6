#include "hub/card/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn::card {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string with_yaml(std::string_view yaml, std::string_view body = "# Title\n") {
  return "---\n" + std::string(yaml) + "\n---\n" + std::string(body);
}

json::value data_of(std::string_view yaml) {
  return parse_card(with_yaml(yaml)).data;
}

CardFields fields_of(RepoKind kind, std::string_view yaml, std::string_view body = "") {
  std::string readme = with_yaml(yaml, body);
  auto card = parse_card(readme);
  return card_fields(kind, card.data, std::string_view(readme).substr(card.body_offset));
}

TEST(FrontMatter, IsSplitFromTheBody) {
  std::string readme = with_yaml("license: mit", "# Hello\n");
  auto card = parse_card(readme);
  EXPECT_EQ(json::serialize(card.data), R"({"license":"mit"})");
  EXPECT_EQ(readme.substr(card.body_offset), "# Hello\n");
  EXPECT_THAT(card.errors, IsEmpty());
  EXPECT_THAT(card.warnings, IsEmpty());
}

TEST(FrontMatter, TakesWindowsLineEndsByteOrderMarkAndBlankLines) {
  auto card = parse_card("\xEF\xBB\xBF\r\n\n---\r\nlicense: mit\r\ntags:\r\n- a\r\n---\r\nBody");
  EXPECT_EQ(json::serialize(card.data), R"({"license":"mit","tags":["a"]})");
  EXPECT_EQ(card.lines.at("tags"), 5);
}

TEST(FrontMatter, MissingOrEmptyIsAWarning) {
  for (std::string_view readme :
       {"", "# Title\n", "---\n---\n", "---\n# only a comment\n---\nBody", "---\n{}\n---\n",
        "---\nA horizontal rule, nothing closes it.\n", "---", "\n\n"}) {
    auto card = parse_card(readme);
    EXPECT_TRUE(card.data.is_null()) << readme;
    EXPECT_THAT(card.errors, IsEmpty()) << readme;
    ASSERT_EQ(card.warnings.size(), 1u) << readme;
    EXPECT_EQ(card.warnings[0].message, "empty or missing yaml metadata in repo card");
  }
}

TEST(FrontMatter, ThatIsNoMappingIsAnError) {
  for (std::string_view yaml : {"- a\n- b", "just words", "7", "true"}) {
    auto card = parse_card(with_yaml(yaml));
    EXPECT_TRUE(card.data.is_null()) << yaml;
    ASSERT_EQ(card.errors.size(), 1u) << yaml;
    EXPECT_THAT(card.errors[0].message, HasSubstr("must be a mapping")) << yaml;
    EXPECT_EQ(card.errors[0].line, 2);
  }
}

TEST(FrontMatter, TooLongIsAnError) {
  auto card = parse_card(with_yaml("a: " + std::string(front_matter_bytes_max, 'x'), "Body"));
  ASSERT_EQ(card.errors.size(), 1u);
  EXPECT_THAT(card.errors[0].message, HasSubstr("longer than 1048576 bytes"));
}

TEST(Yaml, TypesFollowTheCoreSchemaOfVersion12) {
  EXPECT_EQ(
      json::serialize(data_of("language: no\na: yes\nb: on\nc: 2024-01-31\nd: 1.0.0\ne: 12:30")),
      R"({"language":"no","a":"yes","b":"on","c":"2024-01-31","d":"1.0.0","e":"12:30"})");
  EXPECT_EQ(json::serialize(data_of("a: true\nb: FALSE\nc: ~\nd:\ne: null\nf: 'true'\ng: \"7\"")),
            R"({"a":true,"b":false,"c":null,"d":null,"e":null,"f":"true","g":"7"})");
  EXPECT_EQ(json::serialize(data_of("a: 7\nb: -3\nc: +5\nd: 0x1F\ne: 0o17\nf: 007\ng: 1_000")),
            R"({"a":7,"b":-3,"c":5,"d":31,"e":15,"f":7,"g":"1_000"})");
  auto floats = data_of("a: 1.5\nb: 1e3\nc: .5\nd: 5.\ne: -1.5E-2").as_object();
  EXPECT_EQ(floats["a"].as_double(), 1.5);
  EXPECT_EQ(floats["b"].as_double(), 1000);
  EXPECT_EQ(floats["c"].as_double(), 0.5);
  EXPECT_EQ(floats["d"].as_double(), 5);
  EXPECT_EQ(floats["e"].as_double(), -0.015);
}

TEST(Yaml, WhatJsonCannotHoldStaysText) {
  EXPECT_EQ(json::serialize(data_of("a: .nan\nb: -.inf\nc: 1e999")),
            R"({"a":".nan","b":"-.inf","c":"1e999"})");
  EXPECT_EQ(data_of("a: 18446744073709551615").at("a").as_uint64(), 18446744073709551615u);
  EXPECT_TRUE(data_of("a: 184467440737095516150").at("a").is_double());
}

TEST(Yaml, KeysAreTextAsWritten) {
  EXPECT_EQ(json::serialize(data_of("1: a\ntrue: b\n? c\n: d")), R"({"1":"a","true":"b","c":"d"})");
}

TEST(Yaml, BlocksFlowsAndUnicodeComeThrough) {
  EXPECT_EQ(json::serialize(data_of("a: |\n  x\n  y\nb: >-\n  x\n  y\nc: [1, {d: é}]\nemoji: 🚀")),
            R"({"a":"x\ny\n","b":"x y","c":[1,{"d":"é"}],"emoji":"🚀"})");
}

TEST(Yaml, AliasesAndMergeKeysAreExpanded) {
  EXPECT_EQ(json::serialize(data_of("a: &x [1, 2]\nb: *x")), R"({"a":[1,2],"b":[1,2]})");
  EXPECT_EQ(json::serialize(data_of("a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3")),
            R"({"a":{"p":1,"q":2},"b":{"q":3,"p":1}})");
  EXPECT_EQ(json::serialize(data_of("a: &k name\n*k : 1")), R"({"a":"name","name":1})");
}

TEST(Yaml, CoreTagsConvertAndOthersAreErrors) {
  EXPECT_EQ(json::serialize(data_of("a: !!str 7\nb: !!int \"7\"\nc: ! 7")),
            R"({"a":"7","b":7,"c":"7"})");
  for (std::string_view yaml : {"a: !!python/object:os.system x", "a: !mine x", "a: !!int x",
                                "a: !!set {x}", "a: !!binary aGk="})
    EXPECT_EQ(parse_card(with_yaml(yaml)).errors.size(), 1u) << yaml;
}

struct Broken {
  std::string_view yaml;
  std::string_view message;
  int line;
};

TEST(Yaml, MistakesAreNamedWithTheirLine) {
  const Broken cases[] = {
      {"license: mit\ntags: [a", "The YAML cannot be read", 4},
      {"a: 1\nb: 2\na: 3", "\"a\" is there twice", 4},
      {"a: 1\nb: {c: 1, c: 2}", "\"c\" is there twice", 3},
      {"a: *missing", "\"*missing\" names nothing", 2},
      {"a: &x [*x]", "names nothing", 2},
      {"a: 1\n? [b]\n: c", "Keys must be plain text", 3},
      {"a: \"x\\0y\"", "NUL character", 2},
      {"a: 1\n...\n---\nb: 2", "empty or missing", 0},
      {"<<: 7", "must name a mapping", 2},
      {"a: b: c", "The YAML cannot be read", 2},
      {"\tb: 1", "The YAML cannot be read", 2},
  };
  for (const Broken& broken : cases) {
    auto card = parse_card(with_yaml(broken.yaml));
    if (broken.line == 0) continue;  // A fence inside ends the front matter: no mistake.
    ASSERT_EQ(card.errors.size(), 1u) << broken.yaml;
    EXPECT_THAT(card.errors[0].message, HasSubstr(std::string(broken.message))) << broken.yaml;
    EXPECT_EQ(card.errors[0].line, broken.line) << broken.yaml << card.errors[0].message;
    EXPECT_TRUE(card.errors[0].fatal);
    EXPECT_TRUE(card.data.is_null());
  }
}

TEST(Yaml, BytesThatAreNoUtf8AreAnError) {
  auto card = parse_card(with_yaml("a: \xff\xfe"));
  ASSERT_EQ(card.errors.size(), 1u);
  EXPECT_TRUE(card.data.is_null());
}

TEST(YamlLimits, DepthIsBounded) {
  auto nested = [](std::size_t levels) {
    return "a: " + std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_THAT(parse_card(with_yaml(nested(depth_max - 1))).errors, IsEmpty());
  auto card = parse_card(with_yaml(nested(depth_max)));
  ASSERT_EQ(card.errors.size(), 1u);
  EXPECT_THAT(card.errors[0].message, HasSubstr("nested deeper"));
  EXPECT_EQ(parse_card(with_yaml(nested(500'000))).errors.size(), 1u);
}

TEST(YamlLimits, DepthCountsWhatAnAliasBrings) {
  std::string yaml = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i)
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  EXPECT_THAT(parse_card(with_yaml(yaml)).errors.at(0).message, HasSubstr("nested deeper"));
}

TEST(YamlLimits, ABombOfAliasesStops) {
  std::string yaml = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int n = 0; n < 9; ++n) yaml += before + (n < 8 ? "," : "]\n");
  }
  auto card = parse_card(with_yaml(yaml));
  ASSERT_EQ(card.errors.size(), 1u);
  EXPECT_THAT(card.errors[0].message, HasSubstr("more than 200000 values"));
}

TEST(YamlLimits, OneLongTextByManyAliasesStops) {
  std::string yaml = "a: &a " + std::string(500'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 100; ++i) yaml += ", *a";
  auto card = parse_card(with_yaml(yaml + "]"));
  ASSERT_EQ(card.errors.size(), 1u);
  EXPECT_THAT(card.errors[0].message, HasSubstr("aliases are expanded"));
}

TEST(YamlLimits, AliasesAreCounted) {
  std::string yaml = "a: &a x\nb: [*a";
  for (std::size_t i = 0; i < aliases_max; ++i) yaml += ", *a";
  EXPECT_THAT(parse_card(with_yaml(yaml + "]")).errors.at(0).message, HasSubstr("aliases"));
}

TEST(CheckFields, TakesTheFormsThatAuthorsWrite) {
  for (std::string_view yaml :
       {"license: mit", "license:\n- mit\n- apache-2.0", "language: no", "language: [de, en]",
        "tags: []", "base_model: a/b", "inference: false", "license:", "anything: {goes: 1}"}) {
    auto card = parse_card(with_yaml(yaml));
    check_fields(RepoKind::model, card);
    EXPECT_THAT(card.errors, IsEmpty()) << yaml;
    EXPECT_THAT(card.warnings, IsEmpty()) << yaml;
  }
}

TEST(CheckFields, AWrongTypeIsAnErrorWithItsLine) {
  const Broken cases[] = {
      {"a: 1\nlicense: 7", "\"license\" must be a text or a list of texts.", 3},
      {"tags: one", "\"tags\" must be a list of texts.", 2},
      {"tags: [a, 1]", "\"tags\" must be a list of texts.", 2},
      {"language: {en: 1}", "\"language\" must be", 2},
      {"pipeline_tag: [a]", "\"pipeline_tag\" must be a text.", 2},
      {"datasets: [[a]]", "\"datasets\" must be", 2},
      {"model-index: [x]", "\"model-index\" must be a list of mappings.", 2},
  };
  for (const Broken& broken : cases) {
    auto card = parse_card(with_yaml(broken.yaml));
    check_fields(RepoKind::model, card);
    ASSERT_EQ(card.errors.size(), 1u) << broken.yaml;
    EXPECT_THAT(card.errors[0].message, HasSubstr(std::string(broken.message)));
    EXPECT_EQ(card.errors[0].line, broken.line);
    EXPECT_FALSE(card.errors[0].fatal);
  }
}

TEST(CheckFields, RulesBelongToAKind) {
  auto card = parse_card(with_yaml("sdk: [gradio]"));
  check_fields(RepoKind::model, card);
  EXPECT_THAT(card.errors, IsEmpty());
  check_fields(RepoKind::space, card);
  EXPECT_EQ(card.errors.size(), 1u);
}

TEST(CheckFields, AnUnusualWordIsOnlyAWarning) {
  auto card = parse_card(with_yaml("sdk: gardio\ncolorFrom: mauve"));
  check_fields(RepoKind::space, card);
  EXPECT_THAT(card.errors, IsEmpty());
  ASSERT_EQ(card.warnings.size(), 2u);
  EXPECT_THAT(card.warnings[1].message, HasSubstr("docker, gradio, static, streamlit"));
}

TEST(CardFields, OfAModelBecomeTags) {
  auto fields = fields_of(RepoKind::model,
                          "library_name: transformers\npipeline_tag: fill-mask\nlicense: mit\n"
                          "language: [en, no]\ndatasets: [a/d]\nbase_model: g/b\ntags: [x, en]",
                          "See https://arxiv.org/abs/1810.04805v2.");
  EXPECT_THAT(fields.tags, ElementsAre("transformers", "x", "en", "fill-mask", "no", "dataset:a/d",
                                       "base_model:g/b", "base_model:finetune:g/b",
                                       "arxiv:1810.04805", "license:mit", "region:us"));
  EXPECT_EQ(fields.license, "mit");
  EXPECT_THAT(fields.base_models, ElementsAre("g/b"));
}

TEST(CardFields, RelationToTheBaseIsStatedOrInferred) {
  auto relation = [](std::string_view yaml) {
    return fields_of(RepoKind::model, yaml).base_model_relation;
  };
  EXPECT_EQ(relation("base_model: a/b"), "finetune");
  EXPECT_EQ(relation("base_model: a/b\nbase_model_relation: quantized"), "quantized");
  EXPECT_EQ(relation("base_model: a/b\nbase_model_relation: nonsense"), "finetune");
  EXPECT_EQ(relation("base_model: [a/b, c/d]"), "merge");
  EXPECT_EQ(relation("base_model: a/b\nlibrary_name: peft"), "adapter");
  EXPECT_EQ(relation("base_model_relation: adapter"), "");
}

TEST(CardFields, OfADatasetBecomeKeyedTags) {
  auto fields = fields_of(RepoKind::dataset,
                          "pretty_name: Test\nlanguage: de\nlicense: [mit, other]\n"
                          "task_categories: [text-classification]\nsize_categories: 1K<n<10K\n"
                          "multilinguality: [monolingual]\ntags: [art]");
  EXPECT_THAT(fields.tags,
              ElementsAre("task_categories:text-classification", "multilinguality:monolingual",
                          "language:de", "size_categories:1K<n<10K", "art", "license:mit",
                          "license:other", "region:us"));
  EXPECT_EQ(fields.pretty_name, "Test");
}

TEST(CardFields, OfASpaceAreItsSettings) {
  auto fields = fields_of(RepoKind::space,
                          "title: Demo\nemoji: 🚀\ncolorFrom: red\ncolorTo: blue\nsdk: gradio\n"
                          "sdk_version: 4.5\napp_port: 7860\npinned: true\nmodels: [a/b]");
  EXPECT_EQ(fields.title, "Demo");
  EXPECT_EQ(fields.emoji, "🚀");
  EXPECT_EQ(fields.sdk, "gradio");
  EXPECT_EQ(fields.app_port, 7860);
  EXPECT_TRUE(fields.pinned);
  EXPECT_THAT(fields.models, ElementsAre("a/b"));
  EXPECT_THAT(fields.tags, ElementsAre("gradio", "region:us"));
}

TEST(CardFields, WrongTypesCountAsAbsent) {
  auto fields = fields_of(RepoKind::model, "license: {a: 1}\ntags: one\nlanguage: [1, en, ' ']");
  EXPECT_THAT(fields.tags, ElementsAre("one", "en", "region:us"));
  EXPECT_EQ(fields.license, "");
  EXPECT_THAT(card_fields(RepoKind::model, nullptr, "").tags, ElementsAre("region:us"));
}

TEST(CardFields, LongTagsAreCutAndManyAreDropped) {
  std::string yaml = "tags: [" + std::string(5'000, 'x');
  for (int i = 0; i < 2'000; ++i) yaml += ", t" + std::to_string(i);
  auto fields = fields_of(RepoKind::model, yaml + "]");
  EXPECT_EQ(fields.tags.size(), tags_max);
  EXPECT_EQ(fields.tags[0].size(), field_bytes_max);
}

TEST(Arxiv, FindsTheFormsPeopleWrite) {
  EXPECT_THAT(
      arxiv_ids("[a](https://arxiv.org/abs/1706.03762) ArXiv: 2005.14165 arXiv:1234.5678v3 "
                "https://arxiv.org/pdf/2106.09685.pdf https://hub.example/papers/2302.13971"),
      ElementsAre("1706.03762", "2005.14165", "1234.5678", "2106.09685", "2302.13971"));
  EXPECT_THAT(arxiv_ids("arxiv.org/abs/cs/0112017 arxiv:12.34 /papers/123456 arxiv:1234.567890"),
              IsEmpty());
  EXPECT_THAT(arxiv_ids("arxiv:1706.03762 arxiv:1706.03762"), ElementsAre("1706.03762"));
}

}  // namespace
}  // namespace cairn::card
