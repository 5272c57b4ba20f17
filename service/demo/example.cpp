#include "service/base/json.h"
#include "service/demo/answer.h"

#include <simdjson.h>

namespace bursar::demo {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

constexpr int depth_max = 16;

std::string_view type_of(const element& schema) {
    std::string_view type;
    if (schema["type"].get(type) == simdjson::SUCCESS) return type;
    array types;  // ["string","null"]: the first that is a value
    if (schema["type"].get(types) == simdjson::SUCCESS)
        for (const element each : types)
            if (each.get(type) == simdjson::SUCCESS && type != "null") return type;
    return schema["properties"].error() == simdjson::SUCCESS ? "object" : "string";
}

class Example {
  public:
    explicit Example(const element& root) : root_(root) {}

    void write(const element& asked, std::string_view name, int depth) {
        const element schema = resolve(asked, depth);
        array values;
        element fixed;
        if (schema["enum"].get(values) == simdjson::SUCCESS && values.size() > 0) {
            json_.raw(simdjson::minify(values.at(0).value_unsafe()));
            return;
        }
        if (schema["const"].get(fixed) == simdjson::SUCCESS) {
            json_.raw(simdjson::minify(fixed));
            return;
        }
        const std::string_view type = depth > depth_max ? "null" : type_of(schema);
        if (type == "object")
            write_object(schema, depth);
        else if (type == "array")
            write_array(schema, name, depth);
        else if (type == "integer" || type == "number")
            write_number(schema);
        else if (type == "boolean")
            json_.value(false);
        else if (type == "null")
            json_.null();
        else
            json_.value(name == "cmd" || name == "command" ? "echo pong" : "demo");
    }
    std::string text() && { return std::move(json_).text(); }

  private:
    /// Follows "$ref" inside the document and takes the first of "anyOf"/"oneOf"/"allOf".
    element resolve(element schema, int depth) const {
        for (int hops = 0; hops < depth_max && depth <= depth_max; ++hops) {
            std::string_view reference;
            element next;
            if (schema["$ref"].get(reference) == simdjson::SUCCESS && reference.starts_with('#') &&
                root_.at_pointer(reference.substr(1)).get(next) == simdjson::SUCCESS) {
                schema = next;
                continue;
            }
            bool moved = false;
            for (const char* name : {"anyOf", "oneOf", "allOf"}) {
                array options;
                if (schema[name].get(options) == simdjson::SUCCESS && options.at(0).get(next) == simdjson::SUCCESS) {
                    schema = next;
                    moved = true;
                    break;
                }
            }
            if (!moved) break;
        }
        return schema;
    }

    void write_object(const element& schema, int depth) {
        json_.open();
        array required;
        if (schema["required"].get(required) == simdjson::SUCCESS) {
            for (const element each : required) {
                std::string_view name;
                element property;
                if (each.get(name) != simdjson::SUCCESS ||
                    schema["properties"][name].get(property) != simdjson::SUCCESS)
                    continue;
                json_.key(name);
                write(property, name, depth + 1);
            }
        }
        json_.close();
    }

    void write_array(const element& schema, std::string_view name, int depth) {
        json_.open_list();
        std::int64_t least = 0;
        element items;
        if (name == "command" || name == "cmd") {
            json_.value("bash").value("-lc").value("echo pong");
        } else if (schema["minItems"].get(least) == simdjson::SUCCESS && least > 0 &&
                   schema["items"].get(items) == simdjson::SUCCESS) {
            for (std::int64_t i = 0; i < std::min<std::int64_t>(least, depth_max); ++i) write(items, {}, depth + 1);
        }
        json_.close_list();
    }

    void write_number(const element& schema) {
        element least;
        if (schema["minimum"].get(least) == simdjson::SUCCESS && least.is_number())
            json_.raw(simdjson::minify(least));
        else
            json_.value(1);
    }

    element root_;
    JsonWriter json_;
};

}  // namespace

std::string example_of(std::string_view schema) {
    simdjson::dom::parser parser;
    element root;
    if (parser.parse(schema.data(), schema.size()).get(root) != simdjson::SUCCESS || !root.is_object()) return "{}";
    Example example(root);
    example.write(root, {}, 0);
    return std::move(example).text();
}

}  // namespace bursar::demo
