#include "service/daemon/pair_door.h"

#include "service/base/log.h"

namespace bursar::daemon {
namespace {

admin::Answer answer(const admin::Request& request, const PairDoor::Asked& pull, const PairDoor::Asked& base) {
    const PairDoor::Asked* const asked = request.path == pull_path   ? &pull
                                         : request.path == base_path ? &base
                                                                     : nullptr;
    if (asked == nullptr || request.method != "POST")
        return admin::answer_to(Error{Fault::not_found, "The other machine of a pair asks nothing like this.", {}});
    auto said = (*asked)(request.body);
    if (said) return {.status = 200, .body = *std::move(said), .content_type = "application/octet-stream"};
    log::warning("standby_refused", {{"address", request.address},
                                     {"fault", facts(said.error().fault).name},
                                     {"text", said.error().operator_text()}});
    return admin::answer_to(said.error());
}

}  // namespace

Result<std::unique_ptr<PairDoor>> PairDoor::open(const std::filesystem::path& socket, Asked pull, Asked base) {
    std::unique_ptr<PairDoor> door(new PairDoor(socket));
    TRY(door->server_,
        admin::HttpServer::start(socket, [pull = std::move(pull), base = std::move(base)](
                                             const admin::Request& request) { return answer(request, pull, base); }));
    return door;
}

}  // namespace bursar::daemon
