#include "policies/yaml.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace bursar::policies {
namespace {

Result<std::string> read_file(const std::filesystem::path& path) {
    const auto cannot = [&] {
        return fail(Fault::wrong_configuration, fmt::format("The policy document {} cannot be read.", path.string()));
    };
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (error) return cannot();
    if (bytes > document_bytes_max)
        return fail(Fault::wrong_configuration, fmt::format("The policy document {} has {} bytes; at most {} are read.",
                                                            path.string(), bytes, document_bytes_max));
    std::ifstream file(path, std::ios::binary);
    std::string text(bytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(bytes));
    if (!file || file.gcount() != static_cast<std::streamsize>(bytes)) return cannot();
    return text;
}

}  // namespace

Result<std::vector<Document>> read_folder(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    std::error_code error;
    for (std::filesystem::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
        const std::filesystem::path& path = each->path();
        std::error_code unknown;
        const bool document = path.extension() == ".yaml" || path.extension() == ".yml";
        if (document && !path.filename().string().starts_with('.') && each->is_regular_file(unknown))
            paths.push_back(path);
    }
    if (error)
        return fail(Fault::wrong_configuration,
                    fmt::format("The policy folder {} cannot be read: {}.", folder.string(), error.message()));
    if (paths.size() > documents_max)
        return fail(Fault::wrong_configuration,
                    fmt::format("The policy folder {} has {} documents; at most {} are read.", folder.string(),
                                paths.size(), documents_max));
    std::ranges::sort(paths);
    std::vector<Document> out;
    for (const auto& path : paths) {
        TRY(std::string text, read_file(path));
        out.push_back({path.filename().string(), std::move(text)});
    }
    return out;
}

}  // namespace bursar::policies
