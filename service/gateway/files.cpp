// Files, and what files and batches have in common: whose they are decides here what a provider is asked.
#include "service/base/json.h"
#include "service/gateway/batch_file.h"
#include "service/gateway/errand.h"
#include "service/gateway/gateway.h"
#include "service/gateway/landing.h"
#include "service/gateway/rate_limits.h"
#include "service/gateway/rooms.h"
#include "service/gateway/shard.h"
#include "service/providers/batch_result.h"
#include "service/providers/upstream.h"

#include <algorithm>
#include <charconv>

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace bursar::gateway {
namespace {

constexpr std::size_t page_max = 100;
constexpr std::size_t page_default = 20;

std::string owner_of(const Call& call) { return shelf::owner_of(call.caller->team, call.caller->person); }

Result<std::size_t> page_size(std::string_view query, std::size_t usual) {
    const std::string_view text = parameter(query, "limit");
    if (text.empty()) return usual;
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{} || end != text.data() + text.size() || size == 0)
        return fail(Fault::invalid_request, fmt::format("`limit` must be a whole number from 1 to {}.", page_max));
    return std::min(size, page_max);
}

bool is_of_batches(Endpoint endpoint) { return endpoint >= Endpoint::batch_create; }

std::string list_json(const std::vector<shelf::Shown>& items, std::size_t size) {
    JsonWriter json;
    const bool more = items.size() > size;
    const std::size_t count = std::min(items.size(), size);
    json.open().field("object", "list").key("data").open_list();
    for (std::size_t i = 0; i < count; ++i) json.raw(items[i]->shown);
    json.close_list().key("first_id");
    count == 0 ? json.null() : json.value(items.front()->id);
    json.key("last_id");
    count == 0 ? json.null() : json.value(items[count - 1]->id);
    json.field("has_more", more).close();
    return std::move(json).text();
}

}  // namespace

Task<Result<void>> Gateway::run_shelf(Call& call) {
    Result<void> passed = check_pause(call);
    if (passed) {
        auto scopes = call.shard.scopes_of(parts_.ledger, *call.rules, call.caller);
        if (scopes)
            call.scopes = *std::move(scopes);
        else
            passed = std::unexpected(scopes.error());
    }
    // What a batch will use has no place in a minute's tokens.
    if (passed) passed = take_permit(call, 0);
    if (!passed) co_return passed;
    if (facts(call.endpoint).form != Form::none || call.endpoint == Endpoint::batch_cancel) {
        const Result<bool> answered = co_await hear_shelf(call);
        if (!answered) co_return std::unexpected(answered.error());
        if (*answered) co_return Result<void>{};
    }
    co_return co_await serve_shelf(call);
}

/// The body; true if it came before with the same Idempotency-Key, and was answered as then.
Task<Result<bool>> Gateway::hear_shelf(Call& call) {
    const Moment began = parts_.clock.moment();
    Result<std::string> body = co_await call.exchange.read_body(limits_.body_bytes_max);
    call.heard = parts_.clock.moment();
    call.waited += call.heard - began;
    if (!body) co_return std::unexpected(std::move(body).error());
    call.body = *std::move(body);
    if (call.recording == nullptr) co_return false;
    co_return co_await repeat(call);
}

Task<Result<void>> Gateway::serve_shelf(Call& call) {
    if (call.endpoint == Endpoint::file_upload) return upload_file(call);
    if (call.endpoint == Endpoint::file_content) return give_content(call);
    if (call.endpoint == Endpoint::file_delete) return delete_file(call);
    if (call.endpoint == Endpoint::batch_create) return create_batch(call);
    if (call.endpoint == Endpoint::batch_cancel) return cancel_batch(call);
    const bool list = call.endpoint == Endpoint::file_list || call.endpoint == Endpoint::batch_list;
    return list ? list_shelf(call) : get_shelved(call);
}

Result<shelf::Shown> Gateway::shelved_item(const Call& call, shelf::Kind kind, std::string_view id) const {
    shelf::Shown item = parts_.shelf.find(kind, id, owner_of(call));
    if (item != nullptr) return item;
    return fail(Fault::not_found,
                fmt::format("You have no {} \"{}\".", kind == shelf::Kind::file ? "file" : "batch", id));
}

Task<Result<void>> Gateway::answer_json(Call& call, std::string_view body) {
    const Moment now = parts_.clock.moment();
    end_permit(call, now);
    const std::vector<edge::Header> type = {{"content-type", "application/json"}};
    const edge::ResponseHead head = answer_head(call, 200, type, now);
    call.answered = true;
    call.outcome.status = head.status;
    const Result<void> sent = co_await call.exchange.respond(head, body);
    if (!sent) call.caller_left = true;
    co_return Result<void>{};
}

Task<Result<void>> Gateway::check_lines(Call& call, BatchFile& file) {
    for (;;) {
        const Result<bool> more = file.take_some();
        if (!more) co_return std::unexpected(more.error());
        if (!*more) co_return Result<void>{};
        // Others' calls are not to wait for a long file.
        co_await asio::post(call.exchange.executor(), asio::deferred);
    }
}

Task<Result<void>> Gateway::upload_file(Call& call) {
    const std::string owner = owner_of(call);
    const Result<void> room = parts_.shelf.room(shelf::Kind::file, owner);
    if (!room) co_return room;
    const Result<Upload> upload = read_upload(call.exchange.head().header("content-type"), call.body);
    if (!upload) co_return std::unexpected(upload.error());
    BatchFile file(*call.rules, *call.caller, call.at, upload->file);
    const Result<void> checked = co_await check_lines(call, file);
    if (!checked) co_return checked;
    // Beyond this line every call in the file may be made; what it costs is held when it becomes a batch.
    const policies::Channel& channel = *file.channel();
    const policies::Provider& provider = *channel.provider;
    call.attempt.channel = &channel;
    call.attempt.key = provider.keys.empty() ? nullptr : &provider.keys.front();
    call.outcome.channel = channel.name();
    call.outcome.model = file.model()->name;
    call.outcome.attempts = 1;
    const std::string boundary = "bursar-" + call.id.text();
    const std::string form = write_upload(*upload, call.body, file.take_rewritten(), boundary);
    call.body = std::string();
    const std::string type = "multipart/form-data; boundary=" + boundary;
    const Errand errand{.method = "POST",
                        .target = shelf_target(provider, Endpoint::file_list, {}),
                        .content_type = type,
                        .body = form};
    auto answer = co_await run_errand(call, errand);
    if (!answer) co_return std::unexpected(answer.error());
    const auto said = co_await said_to(call, **answer);
    if (!said) co_return std::unexpected(said.error());
    if (!*said) co_return Result<void>{};
    const auto told = providers::read_stored(**said);
    if (!told) co_return std::unexpected(told.error());
    shelf::Item item{.kind = shelf::Kind::file,
                     .id = told->id,
                     .owner = owner,
                     .secret = call.attempt.key == nullptr ? std::string() : call.attempt.key->secret,
                     .provider = provider.name,
                     .model = file.model()->name,
                     .model_there = channel.model,
                     .endpoint = file.endpoint(),
                     .at = call.at,
                     .lines = static_cast<std::int64_t>(file.lines().size()),
                     .shown = shown_of(**said)};
    Landing landing(call.shard.inbox());
    parts_.shelf.put(std::move(item), shelf::pack(file.lines()), landing.for_answer());
    const Result<void> stored = co_await landing.wait();
    if (!stored) co_return stored;
    co_return co_await answer_json(call, **said);
}

Task<Result<void>> Gateway::list_shelf(Call& call) {
    const std::string_view query = call.exchange.head().query();
    const bool batches = is_of_batches(call.endpoint);
    const Result<std::size_t> size = page_size(query, batches ? page_default : page_max);
    if (!size) co_return std::unexpected(size.error());
    const auto kind = batches ? shelf::Kind::batch : shelf::Kind::file;
    auto items = parts_.shelf.list(kind, owner_of(call), decoded(parameter(query, "after")), *size + 1);
    co_return co_await answer_json(call, list_json(items, *size));
}

Task<Result<void>> Gateway::get_shelved(Call& call) {
    const auto kind = is_of_batches(call.endpoint) ? shelf::Kind::batch : shelf::Kind::file;
    const auto item = shelved_item(call, kind, call.asked_id);
    if (!item) co_return std::unexpected(item.error());
    const auto said = co_await ask_about(call, **item, "GET", {});
    if (!said) co_return std::unexpected(said.error());
    if (!*said) co_return Result<void>{};
    note_told(**item, **said);
    co_return co_await answer_json(call, **said);
}

void Gateway::note_told(const shelf::Item& item, const std::string& said) {
    const auto told = providers::read_stored(said);
    if (!told || told->id != item.id) return;
    if (item.kind == shelf::Kind::file) return parts_.shelf.tell(item.id, shown_of(said), shelf::State::settled);
    std::vector<std::string> results;
    for (const std::string& result : {told->output_file, told->error_file})
        if (!result.empty()) results.push_back(result);
    parts_.shelf.tell(item.id, shown_of(said),
                      providers::has_ended(told->status) ? shelf::State::ended : shelf::State::open, results);
}

Task<Result<void>> Gateway::delete_file(Call& call) {
    const auto item = shelved_item(call, shelf::Kind::file, call.asked_id);
    if (!item) co_return std::unexpected(item.error());
    // Until a batch is settled, its results say what it cost.
    if ((*item)->lines == 0 && !results_may_go(**item))
        co_return fail(Fault::conflict,
                       "What this batch cost is still being told by its results. Try again in a minute.");
    const auto said = co_await ask_about(call, **item, "DELETE", {});
    if (!said) co_return std::unexpected(said.error());
    const bool gone = said->has_value() || call.outcome.status == 404;
    if (gone) {
        Landing landing(call.shard.inbox());
        parts_.shelf.remove((*item)->id, landing.for_answer());
        const Result<void> removed = co_await landing.wait();
        if (!removed && !call.answered) co_return removed;
    }
    if (call.answered) co_return Result<void>{};
    co_return co_await answer_json(call, **said);
}

/// Whether no batch of its owner waits for its results to be read.
bool Gateway::results_may_go(const shelf::Item& result) const {
    return std::ranges::none_of(parts_.shelf.unsettled(), [&](const shelf::Shown& batch) {
        return batch->owner == result.owner && batch->shown.contains(result.id);
    });
}

Task<Result<void>> Gateway::give_content(Call& call) {
    const auto item = shelved_item(call, shelf::Kind::file, call.asked_id);
    if (!item) co_return std::unexpected(item.error());
    const Result<Lying> lying = where_lies(*call.rules, **item);
    if (!lying) co_return std::unexpected(lying.error());
    call.attempt.channel = &lying->channel;
    call.attempt.key = lying->key;
    call.outcome.channel = lying->channel.name();
    call.outcome.model = (*item)->model;
    call.outcome.attempts = 1;
    const Errand errand{
        .method = "GET",
        .target = shelf_target(*lying->channel.provider, Endpoint::file_list, fmt::format("/{}/content", (*item)->id)),
        .content_type = {},
        .body = {}};
    auto answer = co_await run_errand(call, errand);
    Result<void> given;
    if (!answer)
        given = std::unexpected(answer.error());
    else if (const int status = (*answer)->head().status; status < 200 || status > 299) {
        const auto said = co_await said_to(call, **answer);
        if (!said) given = std::unexpected(said.error());
    } else {
        given = co_await relay_content(call, **answer);
    }
    call.attempt = Attempt{};
    co_return given;
}

/// As it comes: results may be larger than any answer.
Task<Result<void>> Gateway::relay_content(Call& call, providers::Answer& answer) {
    const UnderWay there(call);
    call.cancel = [&answer] { answer.cancel(); };
    call.outcome.status = answer.head().status;
    Result<void> given;
    for (bool ended = false; !ended && !call.caller_left;) {
        const auto piece = co_await answer.read();
        if (!piece) {
            given = call.stopping ? std::unexpected(stopping_error()) : Result<void>(std::unexpected(piece.error()));
            break;
        }
        ended = piece->empty();
        Result<void> sent;
        if (!call.answered) {
            const Moment now = parts_.clock.moment();
            end_permit(call, now);
            const edge::ResponseHead head = answer_head(call, call.outcome.status, answer.head().headers, now);
            call.answered = true;
            sent = co_await call.exchange.begin(head, *piece);
        } else if (!ended) {
            sent = co_await call.exchange.write(*piece);
        }
        if (sent && ended) sent = co_await call.exchange.finish();
        if (!sent) call.caller_left = true;
    }
    // What was begun is closed without its end, which every client notices.
    co_return given;
}

}  // namespace bursar::gateway
