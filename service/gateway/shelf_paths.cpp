#include "service/gateway/shelf_paths.h"

#include "service/gateway/call.h"
#include "service/providers/batch_result.h"

#include <optional>
#include <string>

#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::string_view version = "/v1", id_here = "{id}";

bool is_below(std::string_view path, std::string_view root) {
    return path.starts_with(root) && (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace

std::optional<std::string_view> id_in(std::string_view path, const EndpointFacts& row) {
    if (!path.starts_with(version)) return std::nullopt;
    path.remove_prefix(version.size());
    const std::size_t at = row.suffix.find(id_here);
    if (at == std::string_view::npos) return path == row.suffix ? std::optional(std::string_view{}) : std::nullopt;
    const std::string_view before = row.suffix.substr(0, at), behind = row.suffix.substr(at + id_here.size());
    if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind))
        return std::nullopt;
    const std::string_view id = path.substr(before.size(), path.size() - before.size() - behind.size());
    return id.contains('/') ? std::nullopt : std::optional(id);
}

std::string_view method_of(Endpoint endpoint) {
    if (endpoint == Endpoint::file_delete || endpoint == Endpoint::response_delete) return "DELETE";
    const bool makes = endpoint == Endpoint::file_upload || endpoint == Endpoint::batch_create;
    const bool ends = endpoint == Endpoint::batch_cancel || endpoint == Endpoint::response_cancel;
    return makes || ends ? "POST" : "GET";
}

bool is_shelved(Endpoint endpoint) { return endpoint >= Endpoint::file_upload && endpoint <= Endpoint::batch_cancel; }

bool is_shelf_path(std::string_view path) {
    if (!path.starts_with(version)) return false;
    path.remove_prefix(version.size());
    return is_below(path, facts(Endpoint::file_list).suffix) || is_below(path, facts(Endpoint::batch_list).suffix);
}

Result<void> greet_shelf(Call& call) {
    const edge::RequestHead& head = call.exchange.head();
    std::string methods;
    for (const EndpointFacts& row : endpoint_table) {
        const auto id = is_shelved(row.endpoint) ? id_in(head.path(), row) : std::nullopt;
        if (!id || (!id->empty() && !providers::is_shelf_id(*id))) continue;
        call.endpoint = row.endpoint;
        call.asked_id = *id;
        const std::string_view method = method_of(row.endpoint);
        if (head.method != method) {
            methods.append(methods.empty() ? "" : " or ").append(method);
            continue;
        }
        const std::string_view coding = head.header("content-encoding");
        if (coding.empty() || coding == "identity") return {};
        return fail(Fault::invalid_request,
                    fmt::format("The body is encoded ({}); send it plain, without Content-Encoding.", coding));
    }
    if (methods.empty())
        return fail(Fault::not_found,
                    fmt::format("There is no {} here. Files are at /v1{}, batches at /v1{}.", head.path(),
                                facts(Endpoint::file_list).suffix, facts(Endpoint::batch_list).suffix));
    return fail(Fault::method_not_allowed, fmt::format("{} takes {}, not {}.", head.path(), methods, head.method));
}

}  // namespace bursar::gateway
