#include "hub/repo/list_tags.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"

namespace cairn::repo {
namespace {

struct Word {
  std::string_view id, label;
};

struct Prefix {
  std::string_view text;
  TagType type;
};
constexpr Prefix prefixes[] = {{"license:", TagType::license},
                               {"dataset:", TagType::dataset},
                               {"base_model:", TagType::base_model},
                               {"arxiv:", TagType::arxiv},
                               {"doi:", TagType::doi},
                               {"region:", TagType::region},
                               {"language:", TagType::language},
                               {"library:", TagType::library},
                               {"task_categories:", TagType::task_categories},
                               {"task_ids:", TagType::task_ids},
                               {"size_categories:", TagType::size_categories},
                               {"modality:", TagType::modality},
                               {"format:", TagType::format},
                               {"multilinguality:", TagType::multilinguality},
                               {"language_creators:", TagType::language_creators},
                               {"annotations_creators:", TagType::annotations_creators},
                               {"source_datasets:", TagType::source_datasets},
                               {"benchmark:", TagType::benchmark},
                               {"uses:", TagType::hidden}};

constexpr MlTask tasks[] = {
    {"audio-text-to-text", "Audio-Text-to-Text", "multimodal"},
    {"image-text-to-text", "Image-Text-to-Text", "multimodal"},
    {"image-text-to-image", "Image-Text-to-Image", "multimodal"},
    {"image-text-to-video", "Image-Text-to-Video", "multimodal"},
    {"visual-question-answering", "Visual Question Answering", "multimodal"},
    {"document-question-answering", "Document Question Answering", "multimodal"},
    {"video-text-to-text", "Video-Text-to-Text", "multimodal"},
    {"visual-document-retrieval", "Visual Document Retrieval", "multimodal"},
    {"any-to-any", "Any-to-Any", "multimodal"},
    {"depth-estimation", "Depth Estimation", "cv"},
    {"image-classification", "Image Classification", "cv"},
    {"object-detection", "Object Detection", "cv"},
    {"image-segmentation", "Image Segmentation", "cv"},
    {"text-to-image", "Text-to-Image", "cv"},
    {"image-to-text", "Image-to-Text", "cv"},
    {"image-to-image", "Image-to-Image", "cv"},
    {"image-to-video", "Image-to-Video", "cv"},
    {"unconditional-image-generation", "Unconditional Image Generation", "cv"},
    {"video-classification", "Video Classification", "cv"},
    {"text-to-video", "Text-to-Video", "cv"},
    {"zero-shot-image-classification", "Zero-Shot Image Classification", "cv"},
    {"mask-generation", "Mask Generation", "cv"},
    {"zero-shot-object-detection", "Zero-Shot Object Detection", "cv"},
    {"text-to-3d", "Text-to-3D", "cv"},
    {"image-to-3d", "Image-to-3D", "cv"},
    {"image-feature-extraction", "Image Feature Extraction", "cv"},
    {"keypoint-detection", "Keypoint Detection", "cv"},
    {"video-to-video", "Video-to-Video", "cv"},
    {"text-classification", "Text Classification", "nlp"},
    {"token-classification", "Token Classification", "nlp"},
    {"table-question-answering", "Table Question Answering", "nlp"},
    {"question-answering", "Question Answering", "nlp"},
    {"zero-shot-classification", "Zero-Shot Classification", "nlp"},
    {"translation", "Translation", "nlp"},
    {"summarization", "Summarization", "nlp"},
    {"feature-extraction", "Feature Extraction", "nlp"},
    {"text-generation", "Text Generation", "nlp"},
    {"text2text-generation", "Text2Text Generation", "nlp"},
    {"fill-mask", "Fill-Mask", "nlp"},
    {"sentence-similarity", "Sentence Similarity", "nlp"},
    {"text-ranking", "Text Ranking", "nlp"},
    {"text-to-speech", "Text-to-Speech", "audio"},
    {"text-to-audio", "Text-to-Audio", "audio"},
    {"automatic-speech-recognition", "Automatic Speech Recognition", "audio"},
    {"audio-to-audio", "Audio-to-Audio", "audio"},
    {"audio-classification", "Audio Classification", "audio"},
    {"voice-activity-detection", "Voice Activity Detection", "audio"},
    {"tabular-classification", "Tabular Classification", "tabular"},
    {"tabular-regression", "Tabular Regression", "tabular"},
    {"time-series-forecasting", "Time Series Forecasting", "tabular"},
    {"reinforcement-learning", "Reinforcement Learning", "rl"},
    {"robotics", "Robotics", "rl"},
    {"graph-machine-learning", "Graph Machine Learning", "other"},
};

constexpr Word libraries[] = {{"adapter-transformers", "Adapters"},
                              {"allennlp", "allenNLP"},
                              {"asteroid", "Asteroid"},
                              {"bertopic", "BERTopic"},
                              {"coreml", "Core ML"},
                              {"cross-encoder", "Cross Encoder"},
                              {"diffusers", "Diffusers"},
                              {"espnet", "ESPnet"},
                              {"fairseq", "Fairseq"},
                              {"fasttext", "fastText"},
                              {"flair", "Flair"},
                              {"gguf", "GGUF"},
                              {"jax", "JAX"},
                              {"joblib", "Joblib"},
                              {"keras", "Keras"},
                              {"keras-hub", "KerasHub"},
                              {"llamafile", "llamafile"},
                              {"mlx", "MLX"},
                              {"ml-agents", "ml-agents"},
                              {"mlc-llm", "MLC-LLM"},
                              {"mindspore", "MindSpore"},
                              {"nemo", "NeMo"},
                              {"onnx", "ONNX"},
                              {"open_clip", "OpenCLIP"},
                              {"openvino", "OpenVINO"},
                              {"paddlenlp", "PaddleNLP"},
                              {"paddlepaddle", "PaddlePaddle"},
                              {"peft", "PEFT"},
                              {"pyannote-audio", "pyannote.audio"},
                              {"pytorch", "PyTorch"},
                              {"rust", "Rust"},
                              {"safetensors", "Safetensors"},
                              {"sample-factory", "sample-factory"},
                              {"sentence-transformers", "sentence-transformers"},
                              {"setfit", "setfit"},
                              {"sklearn", "Scikit-learn"},
                              {"spacy", "spaCy"},
                              {"span-marker", "SpanMarker"},
                              {"speechbrain", "speechbrain"},
                              {"stable-baselines3", "stable-baselines3"},
                              {"stanza", "Stanza"},
                              {"tensorboard", "TensorBoard"},
                              {"tf", "TensorFlow"},
                              {"tf-keras", "TF-Keras"},
                              {"tflite", "TF Lite"},
                              {"timm", "timm"},
                              {"transformers", "Transformers"},
                              {"transformers.js", "Transformers.js"},
                              {"ultralytics", "ultralytics"},
                              {"unity-sentis", "unity-sentis"},
                              {"datasets", "Datasets"},
                              {"dask", "Dask"},
                              {"polars", "Polars"},
                              {"pandas", "pandas"},
                              {"mlcroissant", "Croissant"},
                              {"webdataset", "WebDataset"},
                              {"distilabel", "Distilabel"},
                              {"argilla", "Argilla"},
                              {"fiftyone", "FiftyOne"}};

// ISO 639-1, and of ISO 639-3 what cards on public hubs name most. "code name;".
constexpr std::string_view languages =
    "aa Afar;ab Abkhazian;ae Avestan;af Afrikaans;ak Akan;am Amharic;an Aragonese;ar Arabic;"
    "as Assamese;av Avaric;ay Aymara;az Azerbaijani;ba Bashkir;be Belarusian;bg Bulgarian;"
    "bi Bislama;bm Bambara;bn Bengali;bo Tibetan;br Breton;bs Bosnian;ca Catalan;ce Chechen;"
    "ch Chamorro;co Corsican;cr Cree;cs Czech;cu Church Slavic;cv Chuvash;cy Welsh;da Danish;"
    "de German;dv Divehi;dz Dzongkha;ee Ewe;el Greek;en English;eo Esperanto;es Spanish;"
    "et Estonian;eu Basque;fa Persian;ff Fulah;fi Finnish;fj Fijian;fo Faroese;fr French;"
    "fy Western Frisian;ga Irish;gd Scottish Gaelic;gl Galician;gn Guarani;gu Gujarati;gv Manx;"
    "ha Hausa;he Hebrew;hi Hindi;ho Hiri Motu;hr Croatian;ht Haitian;hu Hungarian;hy Armenian;"
    "hz Herero;ia Interlingua;id Indonesian;ie Interlingue;ig Igbo;ii Sichuan Yi;ik Inupiaq;"
    "io Ido;is Icelandic;it Italian;iu Inuktitut;ja Japanese;jv Javanese;ka Georgian;kg Kongo;"
    "ki Kikuyu;kj Kuanyama;kk Kazakh;kl Kalaallisut;km Khmer;kn Kannada;ko Korean;kr Kanuri;"
    "ks Kashmiri;ku Kurdish;kv Komi;kw Cornish;ky Kyrgyz;la Latin;lb Luxembourgish;lg Ganda;"
    "li Limburgish;ln Lingala;lo Lao;lt Lithuanian;lu Luba-Katanga;lv Latvian;mg Malagasy;"
    "mh Marshallese;mi Maori;mk Macedonian;ml Malayalam;mn Mongolian;mr Marathi;ms Malay;"
    "mt Maltese;my Burmese;na Nauru;nb Norwegian Bokm\xc3\xa5l;nd North Ndebele;ne Nepali;"
    "ng Ndonga;nl Dutch;nn Norwegian Nynorsk;no Norwegian;nr South Ndebele;nv Navajo;ny Chichewa;"
    "oc Occitan;oj Ojibwa;om Oromo;or Odia;os Ossetian;pa Punjabi;pi Pali;pl Polish;ps Pashto;"
    "pt Portuguese;qu Quechua;rm Romansh;rn Rundi;ro Romanian;ru Russian;rw Kinyarwanda;"
    "sa Sanskrit;sc Sardinian;sd Sindhi;se Northern Sami;sg Sango;si Sinhala;sk Slovak;"
    "sl Slovenian;sm Samoan;sn Shona;so Somali;sq Albanian;sr Serbian;ss Swati;st Southern Sotho;"
    "su Sundanese;sv Swedish;sw Swahili;ta Tamil;te Telugu;tg Tajik;th Thai;ti Tigrinya;"
    "tk Turkmen;tl Tagalog;tn Tswana;to Tonga;tr Turkish;ts Tsonga;tt Tatar;tw Twi;ty Tahitian;"
    "ug Uyghur;uk Ukrainian;ur Urdu;uz Uzbek;ve Venda;vi Vietnamese;vo Volap\xc3\xbck;wa Walloon;"
    "wo Wolof;xh Xhosa;yi Yiddish;yo Yoruba;za Zhuang;zh Chinese;zu Zulu;arz Egyptian Arabic;"
    "ast Asturian;bho Bhojpuri;ceb Cebuano;ckb Central Kurdish;fil Filipino;fur Friulian;"
    "gsw Swiss German;haw Hawaiian;hsb Upper Sorbian;ilo Iloko;mai Maithili;min Minangkabau;"
    "nso Northern Sotho;pap Papiamento;sah Yakut;scn Sicilian;sco Scots;war Waray;yue Cantonese;"
    "multilingual Multilingual;code Code;";

/// Which loader an application has; as the applications' own pages say.
struct App {
  std::string_view name;
  std::span<const std::string_view> tags;
};
constexpr std::string_view gguf[] = {"gguf"};
constexpr std::string_view mlx[] = {"mlx"};
constexpr std::string_view served[] = {"transformers"};
constexpr std::string_view mlx_or_gguf[] = {"gguf", "mlx"};
constexpr std::string_view images[] = {"diffusers", "diffusion-single-file", "stable-diffusion"};
constexpr App apps[] = {{"llama.cpp", gguf},
                        {"node-llama-cpp", gguf},
                        {"ollama", gguf},
                        {"jan", gguf},
                        {"koboldcpp", gguf},
                        {"gpt4all", gguf},
                        {"backyard", gguf},
                        {"msty", gguf},
                        {"recursechat", gguf},
                        {"lemonade", gguf},
                        {"docker-model-runner", gguf},
                        {"lmstudio", mlx_or_gguf},
                        {"mlx-lm", mlx},
                        {"vllm", served},
                        {"sglang", served},
                        {"tgi", served},
                        {"unsloth", served},
                        {"draw-things", images},
                        {"diffusionbee", images},
                        {"joyfusion", images},
                        {"invoke", images},
                        {"comfyui", images}};

const std::unordered_map<std::string_view, std::string_view>& language_names() {
  static const auto names = [] {
    std::unordered_map<std::string_view, std::string_view> out;
    for (auto entry : split(languages, ';')) {
      auto space = entry.find(' ');
      if (space != entry.npos) out.emplace(entry.substr(0, space), entry.substr(space + 1));
    }
    return out;
  }();
  return names;
}

const MlTask* find_task(std::string_view id) {
  auto* found = std::ranges::find(tasks, id, &MlTask::id);
  return found == std::end(tasks) ? nullptr : found;
}

const Word* find_library(std::string_view id) {
  auto* found = std::ranges::find(libraries, id, &Word::id);
  return found == std::end(libraries) ? nullptr : found;
}

/// Datasets' two and three letters: their language tags have a prefix.
TagType bare_type(RepoKind kind, std::string_view tag) {
  if (kind == RepoKind::space) {
    for (std::string_view sdk : {"gradio", "docker", "static", "streamlit"})
      if (tag == sdk) return TagType::sdk;
    return TagType::other;
  }
  if (kind == RepoKind::model && find_task(tag)) return TagType::pipeline_tag;
  if (find_library(tag)) return TagType::library;
  if (kind == RepoKind::model && language_names().contains(tag)) return TagType::language;
  return TagType::other;
}

const Prefix* prefix_of(std::string_view tag) {
  for (const auto& prefix : prefixes)
    if (tag.starts_with(prefix.text)) return &prefix;
  return nullptr;
}

}  // namespace

std::string_view to_string(TagType type) {
  constexpr std::string_view words[] = {"pipeline_tag",
                                        "library",
                                        "language",
                                        "license",
                                        "dataset",
                                        "base_model",
                                        "arxiv",
                                        "doi",
                                        "region",
                                        "task_categories",
                                        "task_ids",
                                        "size_categories",
                                        "modality",
                                        "format",
                                        "multilinguality",
                                        "language_creators",
                                        "annotations_creators",
                                        "source_datasets",
                                        "benchmark",
                                        "sdk",
                                        "other",
                                        "hidden"};
  return words[static_cast<std::size_t>(type)];
}

TagType tag_type(RepoKind kind, std::string_view tag) {
  if (auto* prefix = prefix_of(tag)) return prefix->type;
  return bare_type(kind, tag);
}

std::string tag_label(RepoKind kind, std::string_view tag) {
  auto type = tag_type(kind, tag);
  if (auto* prefix = prefix_of(tag)) tag = tag.substr(prefix->text.size());
  if (type == TagType::pipeline_tag || type == TagType::task_categories) {
    if (auto* task = find_task(tag)) return std::string(task->label);
  } else if (type == TagType::library) {
    if (auto* library = find_library(tag)) return std::string(library->label);
  } else if (type == TagType::language) {
    auto name = language_names().find(tag);
    if (name != language_names().end()) return std::string(name->second);
  }
  return std::string(tag);
}

std::span<const MlTask> ml_tasks() {
  return tasks;
}

std::span<const std::string_view> tags_of_app(std::string_view app) {
  auto* found = std::ranges::find(apps, app, &App::name);
  if (found == std::end(apps)) return {};
  return found->tags;
}

}  // namespace cairn::repo
