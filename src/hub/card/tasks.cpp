#include "hub/card/tasks.h"

namespace cairn::card {
namespace {

struct Ending {
  std::string_view suffix;  ///< Of the architecture's name.
  std::string_view auto_model, task, processor;
};
// The first that fits; transformers names its classes by these endings.
constexpr Ending endings[] = {
    {"ForMaskedLM", "AutoModelForMaskedLM", "fill-mask", "AutoTokenizer"},
    {"ForCausalLM", "AutoModelForCausalLM", "text-generation", "AutoTokenizer"},
    {"LMHeadModel", "AutoModelForCausalLM", "text-generation", "AutoTokenizer"},
    {"ForSequenceClassification", "AutoModelForSequenceClassification", "text-classification",
     "AutoTokenizer"},
    {"ForTokenClassification", "AutoModelForTokenClassification", "token-classification",
     "AutoTokenizer"},
    {"ForDocumentQuestionAnswering", "AutoModelForDocumentQuestionAnswering",
     "document-question-answering", "AutoProcessor"},
    {"ForVisualQuestionAnswering", "AutoModelForVisualQuestionAnswering",
     "visual-question-answering", "AutoProcessor"},
    {"ForTableQuestionAnswering", "AutoModelForTableQuestionAnswering", "table-question-answering",
     "AutoTokenizer"},
    {"ForQuestionAnswering", "AutoModelForQuestionAnswering", "question-answering",
     "AutoTokenizer"},
    {"ForMultipleChoice", "AutoModelForMultipleChoice", "multiple-choice", "AutoTokenizer"},
    {"ForZeroShotImageClassification", "AutoModelForZeroShotImageClassification",
     "zero-shot-image-classification", "AutoProcessor"},
    {"ForImageClassification", "AutoModelForImageClassification", "image-classification",
     "AutoImageProcessor"},
    {"ForVideoClassification", "AutoModelForVideoClassification", "video-classification",
     "AutoImageProcessor"},
    {"ForZeroShotObjectDetection", "AutoModelForZeroShotObjectDetection",
     "zero-shot-object-detection", "AutoProcessor"},
    {"ForObjectDetection", "AutoModelForObjectDetection", "object-detection", "AutoImageProcessor"},
    {"ForSemanticSegmentation", "AutoModelForSemanticSegmentation", "image-segmentation",
     "AutoImageProcessor"},
    {"ForInstanceSegmentation", "AutoModelForInstanceSegmentation", "image-segmentation",
     "AutoImageProcessor"},
    {"ForUniversalSegmentation", "AutoModelForUniversalSegmentation", "image-segmentation",
     "AutoImageProcessor"},
    {"ForImageSegmentation", "AutoModelForImageSegmentation", "image-segmentation",
     "AutoImageProcessor"},
    {"ForDepthEstimation", "AutoModelForDepthEstimation", "depth-estimation", "AutoImageProcessor"},
    {"ForMaskGeneration", "AutoModelForMaskGeneration", "mask-generation", "AutoProcessor"},
    {"ForAudioClassification", "AutoModelForAudioClassification", "audio-classification",
     "AutoFeatureExtractor"},
    {"ForCTC", "AutoModelForCTC", "automatic-speech-recognition", "AutoProcessor"},
    {"ForSpeechSeq2Seq", "AutoModelForSpeechSeq2Seq", "automatic-speech-recognition",
     "AutoProcessor"},
    {"ForTextToSpeech", "AutoModelForTextToWaveform", "text-to-speech", "AutoProcessor"},
    {"ForImageTextToText", "AutoModelForImageTextToText", "image-text-to-text", "AutoProcessor"},
};

// "…ForConditionalGeneration" says how, not what: the type decides.
constexpr std::string_view speech_types[] = {"whisper", "speech_to_text", "seamless_m4t",
                                             "moonshine"};
constexpr std::string_view text_types[] = {"t5",
                                           "mt5",
                                           "umt5",
                                           "byt5",
                                           "bart",
                                           "mbart",
                                           "marian",
                                           "pegasus",
                                           "led",
                                           "longt5",
                                           "m2m_100",
                                           "nllb-moe",
                                           "prophetnet",
                                           "blenderbot",
                                           "blenderbot-small",
                                           "fsmt",
                                           "bigbird_pegasus",
                                           "mvp",
                                           "plbart",
                                           "switch_transformers",
                                           "pegasus_x",
                                           "t5gemma"};

bool is_one_of(std::string_view text, auto& words) {
  for (auto word : words)
    if (text == word) return true;
  return false;
}

TransformersInfo conditional_generation(std::string_view model_type) {
  if (is_one_of(model_type, speech_types))
    return {"AutoModelForSpeechSeq2Seq", "", "automatic-speech-recognition", "AutoProcessor"};
  if (is_one_of(model_type, text_types))
    return {"AutoModelForSeq2SeqLM", "", "text2text-generation", "AutoTokenizer"};
  return {"AutoModelForImageTextToText", "", "image-text-to-text", "AutoProcessor"};
}

std::string text_at(const json::object& object, std::string_view key) {
  auto* value = object.if_contains(key);
  auto* text = value ? value->if_string() : nullptr;
  return text && text->size() <= 512 ? std::string(*text) : std::string();
}

std::string first_architecture(const json::object& config) {
  auto* list = config.if_contains("architectures");
  auto* array = list ? list->if_array() : nullptr;
  auto* text = array && !array->empty() ? array->front().if_string() : nullptr;
  return text && text->size() <= 512 ? std::string(*text) : std::string();
}

std::optional<TransformersInfo> by_name(std::string_view architecture,
                                        std::string_view model_type) {
  for (const auto& ending : endings)
    if (architecture.ends_with(ending.suffix))
      return TransformersInfo{std::string(ending.auto_model), "", std::string(ending.task),
                              std::string(ending.processor)};
  if (architecture.ends_with("ForConditionalGeneration")) return conditional_generation(model_type);
  if (architecture == "CLIPModel" || architecture == "SiglipModel" ||
      architecture == "Siglip2Model" || architecture == "ChineseCLIPModel")
    return TransformersInfo{"AutoModelForZeroShotImageClassification", "",
                            "zero-shot-image-classification", "AutoProcessor"};
  if (architecture.ends_with("Model"))
    return TransformersInfo{"AutoModel", "", "feature-extraction", ""};
  return std::nullopt;
}

}  // namespace

std::optional<TransformersInfo> transformers_info_of(const json::object& config) {
  auto architecture = first_architecture(config);
  auto info = by_name(architecture, text_at(config, "model_type"));
  if (auto* map = config.if_contains("auto_map"))
    if (auto* classes = map->if_object()) {
      for (const auto& [name, target] : *classes) {
        if (!name.starts_with("AutoModel") || !target.is_string()) continue;
        // The class for the task comes before the plain AutoModel.
        bool better = !info || info->custom_class.empty() || info->auto_model == "AutoModel";
        if (!better || name.size() > 512 || target.get_string().size() > 512) continue;
        if (!info) info.emplace();
        info->auto_model = std::string(name);
        info->custom_class = std::string(target.get_string());
      }
    }
  return info;
}

json::object to_json(const TransformersInfo& info) {
  json::object out{{"auto_model", info.auto_model}};
  if (!info.custom_class.empty()) out["custom_class"] = info.custom_class;
  if (!info.pipeline_tag.empty()) out["pipeline_tag"] = info.pipeline_tag;
  if (!info.processor.empty()) out["processor"] = info.processor;
  return out;
}

std::string diffusers_task(std::string_view name) {
  struct Task {
    std::string_view part, task;
  };
  // The first that is part of the name.
  constexpr Task tasks[] = {{"Inpaint", "image-to-image"},
                            {"Img2Img", "image-to-image"},
                            {"InstructPix2Pix", "image-to-image"},
                            {"Upscale", "image-to-image"},
                            {"ImageToVideo", "image-to-video"},
                            {"StableVideoDiffusion", "image-to-video"},
                            {"ToVideo", "text-to-video"},
                            {"Video", "text-to-video"},
                            {"AudioLDM", "text-to-audio"},
                            {"StableAudio", "text-to-audio"},
                            {"MusicLDM", "text-to-audio"},
                            {"DDPM", "unconditional-image-generation"},
                            {"DDIM", "unconditional-image-generation"},
                            {"ScoreSdeVe", "unconditional-image-generation"}};
  for (const auto& task : tasks)
    if (name.contains(task.part)) return std::string(task.task);
  return name.ends_with("Pipeline") ? "text-to-image" : "";
}

}  // namespace cairn::card
