#include "service/providers/translate/media.h"

#include <algorithm>
#include <array>

namespace bursar::providers::translate {
namespace {

constexpr std::string_view pdf = "application/pdf";
constexpr std::array<std::string_view, 4> image_types = {"image/jpeg", "image/png", "image/gif", "image/webp"};

struct DataUrl {
    std::string_view media_type;
    std::string_view base64;
};
std::optional<DataUrl> data_url(std::string_view url) {
    constexpr std::string_view marker = ";base64,";
    constexpr std::size_t head_bytes_max = 256;
    const auto at = url.substr(0, head_bytes_max).find(marker);
    if (!url.starts_with("data:") || at == std::string_view::npos) return std::nullopt;
    const auto media_type = url.substr(5, at - 5);
    return DataUrl{media_type.substr(0, media_type.find(';')), url.substr(at + marker.size())};
}

}  // namespace

bool is_taken(std::string_view media_type, bool image) {
    return image ? std::ranges::find(image_types, media_type) != image_types.end() : media_type == pdf;
}

Result<Part> image_from_url(std::string_view url, const Where& where) {
    Part part{.kind = Part::Kind::image};
    if (const auto bytes = data_url(url)) {
        part.media_type = bytes->media_type == "image/jpg" ? image_types[0] : bytes->media_type;
        part.data = bytes->base64;
        if (!is_taken(part.media_type, true))
            return wrong(where, "a JPEG, PNG, GIF or WebP: this model takes no other image");
        return part;
    }
    if (!url.starts_with("https://") && !url.starts_with("http://"))
        return wrong(where, "a URL that begins with https://, or data:image/…;base64,…");
    part.by_url = true;
    part.data = url;
    return part;
}

Result<Part> document_from_file(dom::object file, const Where& where) {
    Part part{.kind = Part::Kind::document, .media_type = pdf};
    part.name = text_member(file, "filename");
    const auto data = text_member(file, "file_data");
    if (data.empty())
        return no_form(where, "names a file that is stored at OpenAI. Send its bytes as `file_data` instead.");
    const auto bytes = data_url(data);
    if (bytes && bytes->media_type != pdf) return no_form(where, "is not a PDF, the only file that this model takes.");
    part.data = bytes ? bytes->base64 : data;
    return part;
}

std::string as_url(const Part& part) {
    if (part.by_url) return std::string(part.data);
    std::string url;
    url.reserve(part.data.size() + 64);
    url.append("data:").append(part.media_type).append(";base64,").append(part.data);
    return url;
}

}  // namespace bursar::providers::translate
