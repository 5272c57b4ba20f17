// Hunts: a form that two readers would cut differently, a file that is held for less than it may cost, and a splice
// that changes more of a form than the model's name.
#include "service/providers/form.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace bursar::providers {
namespace {

constexpr std::string_view type = "multipart/form-data; boundary=xYz";

std::string part(std::string_view head, std::string_view value) {
    return std::string("--xYz\r\n").append(head).append("\r\n\r\n").append(value).append("\r\n");
}
std::string field(std::string_view name, std::string_view value) {
    return part("Content-Disposition: form-data; name=\"" + std::string(name) + "\"", value);
}
std::string file(std::string_view name, std::string_view bytes) {
    return part("Content-Disposition: form-data; name=\"" + std::string(name) +
                    "\"; filename=\"a;b.wav\"\r\nContent-Type: audio/wav",
                bytes);
}
const std::string end = "--xYz--\r\n";

struct Wrong {
    std::string name;
    std::string type;
    std::string body;
    std::string says;
};

const std::vector<Wrong> wrongs = {
    {"JSON", "application/json", R"({"model":"m"})", "send multipart/form-data"},
    {"no boundary", "multipart/form-data", end, "names no boundary"},
    {"two boundaries", "multipart/form-data; boundary=a; boundary=b", end, "two boundaries"},
    {"a boundary with a line in it", "multipart/form-data; boundary=\"a\r\nb\"", end, "1 to 70 letters"},
    {"a boundary of 71 bytes", "multipart/form-data; boundary=" + std::string(71, 'x'), end, "1 to 70 letters"},
    {"something before the first boundary", std::string(type), "x\r\n" + field("model", "m") + end,
     "does not begin with its boundary"},
    {"something behind the last boundary", std::string(type), field("model", "m") + end + "x",
     "something follows its last boundary"},
    {"no last boundary", std::string(type), field("model", "m"), "no last boundary"},
    {"a value without its boundary", std::string(type),
     "--xYz\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm", "no last boundary"},
    {"a longer boundary that begins like this one", std::string(type), field("model", "m\r\n--xYzq\r\nx") + end,
     "does not end its line"},
    {"a part without a name", std::string(type), part("Content-Disposition: form-data", "m") + end, "has no name"},
    {"a part with two names", std::string(type),
     part("Content-Disposition: form-data; name=\"a\"; name=\"b\"", "m") + end, "two names"},
    {"a part that is described twice", std::string(type),
     part("Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "m") + end,
     "described twice"},
    {"a name with a backslash", std::string(type), part(R"(Content-Disposition: form-data; name="mo\"del")", "m") + end,
     "quote or a backslash"},
    {"an encoded part", std::string(type),
     part("Content-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64", "m") + end,
     "send it as it is"},
    {"an attachment", std::string(type), part("Content-Disposition: attachment; name=\"a\"", "m") + end,
     "not described as form-data"},
    {"a head of three kilobytes", std::string(type), part(std::string(3072, 'x'), "m") + end, "too long"},
    {"a type that says its boundary in another way, too", "multipart/form-data; boundary=xYz; boundary*=utf-8''B", end,
     "more than its boundary"},
    {"a name that RFC 2231 would replace", std::string(type),
     part("Content-Disposition: form-data; name=\"prompt\"; name*=\"UTF-8''model\"", "dear") + end,
     "more than `name` and `filename`"},
    {"a name in pieces", std::string(type),
     part("Content-Disposition: form-data; name=\"prompt\"; name*0=\"model\"", "dear") + end,
     "more than `name` and `filename`"},
    {"a name with a blank", std::string(type), field("mo del", "m") + end, "letters, digits or"},
    {"a head that goes on in the next line", std::string(type),
     part("Content-Disposition: form-data; name=\"prompt\"\r\n ; filename=\"a:b\"", "m") + end,
     "in its head that is none"},
    {"a boundary behind a bare line feed", std::string(type),
     field("prompt", "p\n--xYz\nContent-Disposition: form-data; name=\"n\"\n\n9") + field("model", "m") + end,
     "stands within a part"},
    {"a setting in upper case", std::string(type), field("model", "m") + field("N", "9") + end,
     "Write `n` in lower case"},
    {"a model in upper case", std::string(type), field("model", "cheap") + field("Model", "dear") + end,
     "Write `model` in lower case"},
    {"a picture by its address", std::string(type),
     field("model", "m") + field("image", "https://example.com/a.png") + end, "`image` must be a file"},
    {"no model", std::string(type), field("prompt", "p") + end, "`model` is missing"},
    {"two models", std::string(type), field("model", "cheap") + field("model", "dear") + end, "`model` stands twice"},
    {"a model that is a file", std::string(type), file("model", "m") + end, "`model` is a file"},
    {"a model of 257 bytes", std::string(type), field("model", std::string(257, 'm')) + end, "at most 256 bytes"},
    {"a stream", std::string(type), field("model", "m") + field("stream", "true") + end, "not streamed here"},
    {"no whole number of pictures", std::string(type), field("model", "m") + field("n", "2x") + end, "`n` must be"},
    {"too many pictures", std::string(type), field("model", "m") + field("n", "101") + end, "`n` must be"},
};

TEST(Form, RefusesWhatTwoReadersCouldCutDifferently) {
    for (const Wrong& wrong : wrongs) {
        const auto prompt = read_form_prompt(Endpoint::image_edits, wrong.type, wrong.body);
        ASSERT_FALSE(prompt) << wrong.name;
        EXPECT_EQ(prompt.error().fault, Fault::invalid_request) << wrong.name;
        EXPECT_NE(prompt.error().for_caller.find(wrong.says), std::string::npos)
            << wrong.name << ": " << prompt.error().for_caller;
    }
    std::string many = field("model", "m");
    for (std::size_t i = 0; i < form_parts_max; ++i) many += field("p", "v");
    const auto prompt = read_form_prompt(Endpoint::image_edits, type, many + end);
    ASSERT_FALSE(prompt);
    EXPECT_NE(prompt.error().for_caller.find("more than 64 parts"), std::string::npos);
}

TEST(Form, CountsWhatItsFilesMayCost) {
    const auto sound = read_form_prompt(Endpoint::transcriptions, type,
                                        file("file", std::string(50'000, 's')) + field("model", "ears") + end);
    ASSERT_TRUE(sound) << sound.error().for_caller;
    EXPECT_EQ(sound->model, "ears");
    EXPECT_EQ(sound->seconds_max, 101) << "at 500 bytes a second";
    EXPECT_GE(sound->input_at_most, 50'000 / 12);
    EXPECT_EQ(sound->untold, "");
    const auto pictures =
        read_form_prompt(Endpoint::image_edits, "Multipart/Form-Data;  Boundary=\"xYz\"",
                         field("model", "brush") + file("image[]", "1") + file("image[]", "2") + field("n", "3") +
                             field("quality", "hd") + field("size", "1024x1792") + end);
    ASSERT_TRUE(pictures) << pictures.error().for_caller;
    EXPECT_EQ(pictures->choices, 3);
    EXPECT_EQ(pictures->picture, "hd/1024x1792");
    EXPECT_GE(pictures->input_at_most, 20'000);
    EXPECT_EQ(pictures->seconds_max, 0);
}

TEST(Form, ARecordingIsAFileOfTheFormAndNothingElse) {
    const auto said = [](const std::string& parts) {
        const auto prompt = read_form_prompt(Endpoint::transcriptions, type, field("model", "m") + parts + end);
        return prompt ? std::string() : prompt.error().for_caller;
    };
    for (const std::string name : {"url", "file", "file_url", "file_id"})
        EXPECT_NE(said(field(name, "https://example.com/two-hours.mp3")).find("`" + name + "` must be a file"),
                  std::string::npos)
            << name;
    EXPECT_NE(said(field("Url", "x")).find("Write `url` in lower case"), std::string::npos);
    EXPECT_NE(said("").find("`file` is missing"), std::string::npos);
    EXPECT_NE(said(file("file", "a") + file("file", "b")).find("Send one recording"), std::string::npos);
    // urllib3 and .NET name files so.
    for (const std::string disposition :
         {"name=\"file\"; filename*=UTF-8''h%C3%A9.mp3", "name=file; filename=a.mp3; filename*=utf-8''a.mp3",
          "name=\"file\"; filename*=\"UTF-8''a\""}) {
        const auto prompt =
            read_form_prompt(Endpoint::transcriptions, type,
                             field("model", "m") +
                                 part("Content-Disposition: form-data; " + disposition, std::string(5'000, 's')) + end);
        ASSERT_TRUE(prompt) << disposition << ": " << prompt.error().for_caller;
        EXPECT_EQ(prompt->seconds_max, 11) << disposition;
    }
}

TEST(Form, NamesAFormOfAnswerThatDoesNotTellItsCost) {
    for (const std::string_view format : {"text", "srt", "vtt"}) {
        const auto prompt =
            read_form_prompt(Endpoint::transcriptions, type,
                             file("file", "s") + field("model", "m") + field("response_format", format) + end);
        ASSERT_TRUE(prompt);
        EXPECT_EQ(prompt->untold, format);
    }
    const auto told =
        read_form_prompt(Endpoint::translations, type,
                         file("file", "s") + field("model", "m") + field("response_format", "verbose_json") + end);
    ASSERT_TRUE(told);
    EXPECT_EQ(told->untold, "");
}

TEST(Form, PassesOnEveryByteButTheModelsName) {
    const std::string before = file("file", "RIFF\r\n--xY\r\n\r\n") + field("prompt", "");
    const std::string body = before + field("model", "ears") + end;
    const auto prompt = read_form_prompt(Endpoint::transcriptions, type, body);
    ASSERT_TRUE(prompt) << prompt.error().for_caller;
    std::string out;
    const Pieces pieces = splice(body, *prompt, {.model = "whisper-1", .max_tokens_name = {}});
    for (const auto view : pieces.views()) out += view;
    EXPECT_EQ(out, before + field("model", "whisper-1") + end);
}

}  // namespace
}  // namespace bursar::providers
