#include "hub/card/files.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/card/weights.h"

namespace cairn::card {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

json::value parse(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value.value_or(json::value());
}

// ---- Facts -------------------------------------------------------------------------------------

TEST(FileFacts, TransformersModelIsKnownByItsConfiguration) {
  FileContents files;
  files.names = {"config.json", "model.safetensors", "tokenizer_config.json"};
  files.config = parse(R"({"architectures":["BertForMaskedLM"],"model_type":"bert",
                           "id2label":{"0":"x"},"hidden_size":768})");
  files.tokenizer_config = parse(R"({"mask_token":{"content":"[MASK]"},"cls_token":"[CLS]",
                                     "model_max_length":512})");
  auto facts = facts_of(RepoKind::model, files);
  EXPECT_EQ(facts.library_name, "transformers");
  EXPECT_EQ(facts.pipeline_tag, "fill-mask");
  EXPECT_EQ(facts.mask_token, "[MASK]");
  EXPECT_THAT(facts.tags, ElementsAre("safetensors", "bert"));
  EXPECT_EQ(
      json::serialize(facts.transformers_info),
      R"({"auto_model":"AutoModelForMaskedLM","pipeline_tag":"fill-mask","processor":"AutoTokenizer"})");
  EXPECT_EQ(facts.config, parse(R"({"architectures":["BertForMaskedLM"],"model_type":"bert",
      "tokenizer_config":{"cls_token":"[CLS]","mask_token":{"content":"[MASK]"}}})"));
}

struct ByArchitecture {
  const char *architecture, *type, *auto_model, *task;
};
class Architectures : public ::testing::TestWithParam<ByArchitecture> {};
TEST_P(Architectures, TellClassAndTask) {
  FileContents files;
  files.names = {"config.json"};
  files.config = json::object{{"architectures", json::array{GetParam().architecture}},
                              {"model_type", GetParam().type}};
  auto facts = facts_of(RepoKind::model, files);
  ASSERT_TRUE(facts.transformers_info.is_object());
  EXPECT_EQ(facts.transformers_info.at("auto_model"), GetParam().auto_model);
  EXPECT_EQ(facts.pipeline_tag, GetParam().task);
}
INSTANTIATE_TEST_SUITE_P(
    Table, Architectures,
    ::testing::Values(
        ByArchitecture{"LlamaForCausalLM", "llama", "AutoModelForCausalLM", "text-generation"},
        ByArchitecture{"GPT2LMHeadModel", "gpt2", "AutoModelForCausalLM", "text-generation"},
        ByArchitecture{"T5ForConditionalGeneration", "t5", "AutoModelForSeq2SeqLM",
                       "text2text-generation"},
        ByArchitecture{"WhisperForConditionalGeneration", "whisper", "AutoModelForSpeechSeq2Seq",
                       "automatic-speech-recognition"},
        ByArchitecture{"Qwen2VLForConditionalGeneration", "qwen2_vl", "AutoModelForImageTextToText",
                       "image-text-to-text"},
        ByArchitecture{"ViTForImageClassification", "vit", "AutoModelForImageClassification",
                       "image-classification"},
        ByArchitecture{"CLIPModel", "clip", "AutoModelForZeroShotImageClassification",
                       "zero-shot-image-classification"},
        ByArchitecture{"BertModel", "bert", "AutoModel", "feature-extraction"}));

TEST(FileFacts, CodeInTheRepositoryIsNamed) {
  FileContents files;
  files.config = parse(R"({"architectures":["XForCausalLM"],"model_type":"x","auto_map":
      {"AutoConfig":"configuration_x.XConfig","AutoModelForCausalLM":"modeling_x.XForCausalLM"}})");
  auto facts = facts_of(RepoKind::model, files);
  EXPECT_EQ(facts.transformers_info.at("custom_class"), "modeling_x.XForCausalLM");
  EXPECT_THAT(facts.tags, Contains("custom_code"));
}

TEST(FileFacts, OtherLibrariesAreKnownByTheirFiles) {
  auto library = [](std::vector<std::string> names, json::value config = nullptr,
                    json::value index = nullptr, json::value adapter = nullptr) {
    FileContents files{std::move(names), config, nullptr, index, adapter, {}};
    return facts_of(RepoKind::model, files);
  };
  auto diffusers =
      library({"model_index.json"}, nullptr, parse(R"({"_class_name":"StableDiffusionPipeline"})"));
  EXPECT_EQ(diffusers.library_name, "diffusers");
  EXPECT_EQ(diffusers.pipeline_tag, "text-to-image");
  EXPECT_EQ(diffusers.config, parse(R"({"diffusers":{"_class_name":"StableDiffusionPipeline"}})"));
  auto peft = library({"adapter_config.json", "adapter_model.safetensors"}, nullptr, nullptr,
                      parse(R"({"peft_type":"LORA","base_model_name_or_path":"ada/base",
                                "task_type":"CAUSAL_LM"})"));
  EXPECT_EQ(peft.library_name, "peft");
  EXPECT_EQ(peft.base_model, "ada/base");
  EXPECT_EQ(peft.base_model_relation, "adapter");
  EXPECT_EQ(library({"modules.json", "config_sentence_transformers.json"},
                    parse(R"({"model_type":"bert"})"))
                .library_name,
            "sentence-transformers");
  EXPECT_EQ(
      library({"config.json"}, parse(R"({"architecture":"vit","pretrained_cfg":{}})")).library_name,
      "timm");
  EXPECT_EQ(library({"a.keras"}).library_name, "keras");
  EXPECT_EQ(library({"README.md"}).library_name, "");
  EXPECT_TRUE(library({"README.md"}).config.is_null());
}

TEST(FileFacts, APathOnADiskIsNoBaseModel) {
  FileContents files;
  files.adapter_config =
      parse(R"({"peft_type":"LORA","base_model_name_or_path":"/home/me/model"})");
  EXPECT_EQ(facts_of(RepoKind::model, files).base_model, "");
}

TEST(FileFacts, DataSetsTellFormatAndModality) {
  FileContents files;
  files.names = {"README.md", "data/train-0.parquet", "data/test.parquet", "img/a.PNG", "x.csv.gz"};
  auto facts = facts_of(RepoKind::dataset, files);
  EXPECT_THAT(facts.tags, IsSupersetOf({"format:parquet", "modality:tabular", "modality:image"}));
}

TEST(FileFacts, EvalResultsAreEntriesWithDatasetAndValue) {
  FileContents files;
  files.eval_results = {{".eval_results/a.yaml",
                         "- dataset:\n    id: cais/hle\n    task_id: hle\n  value: 20.9\n"
                         "- dataset: {id: x}\n  value: 1\n"},
                        {".eval_results/broken.yaml", ": ["}};
  auto facts = facts_of(RepoKind::model, files);
  ASSERT_TRUE(facts.eval_results.is_array());
  ASSERT_EQ(facts.eval_results.get_array().size(), 1u);
  EXPECT_EQ(facts.eval_results.at(0), parse(R"({"filename":".eval_results/a.yaml","verified":false,
                      "data":{"dataset":{"id":"cais/hle","task_id":"hle"},"value":20.9}})"));
}

TEST(FileFacts, SurviveStorage) {
  FileContents files;
  files.names = {"model.gguf"};
  files.config = parse(R"({"architectures":["LlamaForCausalLM"],"model_type":"llama"})");
  auto facts = facts_of(RepoKind::model, files);
  add_safetensors(facts, {{{"F16", 10}}, 10});
  facts.weights = "abc";
  auto back = read_file_facts(parse(json::serialize(to_json(facts))));
  EXPECT_EQ(to_json(back), to_json(facts));
  EXPECT_EQ(back.parameters, 10);
  EXPECT_EQ(to_json(read_file_facts(json::array{1})), json::object());
}

TEST(CardFields, FilesFillWhatTheCardLeavesOpen) {
  FileFacts files;
  files.library_name = "transformers";
  files.pipeline_tag = "fill-mask";
  files.tags = {"safetensors", "bert"};
  auto silent = card_fields(RepoKind::model, nullptr, "", &files);
  EXPECT_EQ(silent.library_name, "transformers");
  EXPECT_EQ(silent.pipeline_tag, "fill-mask");
  EXPECT_THAT(silent.tags,
              ElementsAre("transformers", "safetensors", "bert", "fill-mask", "region:us"));
  auto data = parse(R"({"library_name":"flair","pipeline_tag":"token-classification"})");
  auto stated = card_fields(RepoKind::model, data, "", &files);
  EXPECT_EQ(stated.library_name, "flair");
  EXPECT_EQ(stated.pipeline_tag, "token-classification");
  EXPECT_THAT(stated.tags, Not(Contains("transformers")));
}

TEST(CardFields, AdapterWithoutACardNamesItsBase) {
  FileFacts files;
  files.library_name = "peft";
  files.base_model = "ada/base";
  files.base_model_relation = "adapter";
  auto fields = card_fields(RepoKind::model, nullptr, "", &files);
  EXPECT_THAT(fields.tags, IsSupersetOf({"base_model:ada/base", "base_model:adapter:ada/base"}));
}

// ---- Safetensors -------------------------------------------------------------------------------

std::string le64(std::uint64_t n) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &n, 8);
  return out;
}

TEST(Safetensors, CountsElementsByType) {
  auto header = parse_safetensors_header(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
          "b":{"dtype":"F32","shape":[],"data_offsets":[24,28]},
          "c":{"dtype":"BF16","shape":[5],"data_offsets":[28,38]}})");
  ASSERT_TRUE(header);
  TensorCounts counts;
  ASSERT_TRUE(count_tensors(*header, counts));
  EXPECT_EQ(counts.total, 12);
  EXPECT_EQ(counts.by_dtype, (std::map<std::string, std::int64_t>{{"F32", 7}, {"BF16", 5}}));
}

TEST(Safetensors, AbsurdHeadersAreRefused) {
  EXPECT_EQ(*safetensors_header_bytes(le64(10), 100), 10u);
  EXPECT_FALSE(safetensors_header_bytes("short", 100));
  EXPECT_FALSE(safetensors_header_bytes(le64(1), 100));
  EXPECT_FALSE(safetensors_header_bytes(le64(93), 100));
  EXPECT_FALSE(safetensors_header_bytes(le64(1ull << 40), 1ull << 50));
  EXPECT_FALSE(parse_safetensors_header("[]"));
  for (const char* text : {R"({"a":{"dtype":"F32","shape":[-1]}})", R"({"a":{"dtype":"F32"}})",
                           R"({"a":1})", R"({"a":{"dtype":7,"shape":[1]}})",
                           R"({"a":{"dtype":"F32","shape":[4294967296,4294967296]}})"}) {
    auto header = parse_safetensors_header(text);
    TensorCounts counts;
    ASSERT_TRUE(header) << text;
    EXPECT_FALSE(count_tensors(*header, counts)) << text;
  }
}

TEST(Safetensors, IndexNamesShardsBesideIt) {
  auto shards = shards_of(parse(R"({"weight_map":{"a":"m-2.safetensors","b":"m-1.safetensors",
                                    "c":"m-1.safetensors"}})"));
  ASSERT_TRUE(shards);
  EXPECT_THAT(*shards, ElementsAre("m-1.safetensors", "m-2.safetensors"));
  EXPECT_FALSE(shards_of(parse(R"({"weight_map":{"a":"../x"}})")));
  EXPECT_FALSE(shards_of(parse(R"({"weight_map":[]})")));
  EXPECT_FALSE(shards_of(parse("{}")));
}

// ---- GGUF --------------------------------------------------------------------------------------

class Gguf : public ::testing::Test {
 protected:
  static std::string u32(std::uint32_t n) {
    std::string out(4, '\0');
    std::memcpy(out.data(), &n, 4);
    return out;
  }
  static std::string text(std::string_view t) { return le64(t.size()) + std::string(t); }
  static std::string pair(std::string_view key, std::uint32_t type, std::string value) {
    return text(key) + u32(type) + value;
  }
  static std::string file(std::vector<std::string> pairs, std::vector<std::string> tensors) {
    std::string out = "GGUF" + u32(3) + le64(tensors.size()) + le64(pairs.size());
    for (const auto& p : pairs) out += p;
    for (const auto& t : tensors) out += t;
    return out;
  }
  static std::string tensor(std::string name, std::vector<std::uint64_t> shape) {
    std::string out = text(name) + u32(static_cast<std::uint32_t>(shape.size()));
    for (auto n : shape) out += le64(n);
    return out + u32(0) + le64(0);
  }
  Result<json::object> read(const std::string& bytes) {
    ReadBytes from = [&](std::uint64_t offset, std::uint64_t count) -> Result<std::string> {
      if (offset >= bytes.size()) return std::string{};
      return bytes.substr(offset, count);
    };
    return read_gguf(from);
  }
};

TEST_F(Gguf, HeaderTellsSizeArchitectureAndTokens) {
  auto header = read(file(
      {pair("general.architecture", 8, text("llama")), pair("llama.context_length", 4, u32(4096)),
       pair("tokenizer.ggml.tokens", 9, u32(8) + le64(2) + text("<s>") + text("</s>")),
       pair("tokenizer.ggml.bos_token_id", 4, u32(0)),
       pair("tokenizer.ggml.eos_token_id", 4, u32(1)),
       pair("tokenizer.ggml.scores", 9, u32(6) + le64(2) + u32(0) + u32(0)),
       pair("tokenizer.chat_template", 8, text("{{ messages }}"))},
      {tensor("a", {4, 5}), tensor("b", {7})}));
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(json::value(*header), parse(R"({"total":27,"architecture":"llama","context_length":4096,
                      "chat_template":"{{ messages }}","bos_token":"<s>","eos_token":"</s>"})"));
}

TEST_F(Gguf, HeaderLongerThanAChunkIsReadToItsEnd) {
  std::string tokens = u32(8) + le64(300'000);
  for (int i = 0; i < 300'000; ++i) tokens += text("token" + std::to_string(i));
  auto header = read(file({pair("tokenizer.ggml.tokens", 9, tokens),
                           pair("tokenizer.ggml.eos_token_id", 4, u32(299'999))},
                          {tensor("a", {2})}));
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->at("eos_token"), "token299999");
  EXPECT_EQ(header->at("total"), 2);
}

TEST_F(Gguf, BrokenOrAbsurdHeadersAreRefused) {
  auto whole = file({pair("general.architecture", 8, text("llama"))}, {tensor("a", {2})});
  for (std::size_t end = 0; end < whole.size(); end += 7)
    EXPECT_FALSE(read(whole.substr(0, end))) << end;
  EXPECT_FALSE(read("GGML" + whole.substr(4)));
  EXPECT_FALSE(read("GGUF" + u32(9) + whole.substr(8)));
  EXPECT_FALSE(read("GGUF" + u32(3) + le64(1ull << 40) + le64(0)));
  EXPECT_FALSE(read(file({pair("k", 8, le64(1ull << 60))}, {})));
  EXPECT_FALSE(read(file({pair("k", 99, "")}, {})));
  EXPECT_FALSE(read(file({pair("k", 9, u32(4) + le64(1ull << 40))}, {})));
  EXPECT_FALSE(read(file({}, {tensor("a", {1ull << 62, 1ull << 62})})));
  std::string nested = u32(9) + le64(1), deep;
  for (int i = 0; i < 50; ++i) deep += nested;
  EXPECT_FALSE(read(file({pair("k", 9, deep)}, {})));
}

}  // namespace
}  // namespace cairn::card
