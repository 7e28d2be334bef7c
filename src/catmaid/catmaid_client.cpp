#include <algorithm>
#include <catvox/catmaid/catmaid_client.hpp>
#include <catvox/core/error.hpp>
#include <catvox/core/redact.hpp>
#include <catvox/core/text.hpp>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "bytes/file_source.hpp"
#include "bytes/json.hpp"
#include "bytes/read_now.hpp"
#include "catmaid/server_error.hpp"
#include "catmaid/titles.hpp"
#include "http/status.hpp"
#include "http/url_parts.hpp"

namespace catvox {
namespace {

ClientOptions normalised(ClientOptions options) {
  const auto refuse = [&](const std::string& what, const std::string& why) {
    throw Error(Errc::invalid_argument,
                "ClientOptions::server " + what + " \"" + redact_url(options.server) + "\"" + why);
  };
  const auto scheme = detail::scheme_of(options.server);
  if (scheme != "http" && scheme != "https" && scheme != "file") {
    const bool bare = !options.server.empty() && options.server.find("://") == std::string::npos;
    refuse("must be an http:, https: or file: URL, not", bare ? ": put \"https://\" or \"http://\" before it" : "");
  }
  auto [url, user, password] = detail::split_user(encode_url(options.server));
  if (const auto page = url.find_first_of("?#"); page != std::string::npos) {
    refuse("must be a server's address, not that of a page:",
           " goes on with \"" + std::string(1, url[page]) + "\"; leave out what begins there");
  }
  if (!url.ends_with('/')) url += '/';
  options.server = url;
  if (options.http_user.empty() && options.http_password.empty()) {
    options.http_user = user;
    options.http_password = password;
  }
  return options;
}

// Secrets for the server's origin: what the session carries, and HTTP Basic.
HttpSession session_of(const ClientOptions& options) {
  std::optional<BasicAuth> basic;
  if (!options.http_user.empty() || !options.http_password.empty()) {
    basic = BasicAuth{options.http_user, options.http_password};
  }
  return (options.session ? *options.session : HttpSession()).with_secrets(options.server, basic);
}

// For the API the token, too.
std::shared_ptr<const Credentials> api_credentials(const ClientOptions& options, const HttpSession& session) {
  std::vector<HttpHeader> token;
  if (!options.api_token.empty()) token.push_back({"X-Authorization", "Token " + options.api_token});
  return session.with_secrets(options.server, {}, token).credentials_for(options.server);
}

Errc code_for(int status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::unauthorized;
    case 404:
      return Errc::not_found;
    default:
      return Errc::server_error;
  }
}

// CATMAID answers a token that it does not know as if none had come.
std::string ignored_token(const Response& response) {
  const bool sent = response.secrets_sent.find("X-Authorization") != std::string::npos;
  return response.status == 403 && sent ? "; an API token was sent, but the server ignores one that it does not know"
                                        : "";
}

// What an answer says; if it is not what it must be, where it came from.
template <class F>
auto parsed(const std::string& answer, const std::string& url, F parse) {
  try {
    return parse(answer);
  } catch (const Error& error) {
    const auto shown = redact_url(url);
    throw Error(error.code(), std::string(error.what()) + ", from " + shown, {.url = shown});
  }
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

CatmaidClient::CatmaidClient(ClientOptions options)
    : options_(normalised(std::move(options))),
      session_(session_of(options_)),
      api_credentials_(api_credentials(options_, session_)) {}

CatmaidClient CatmaidClient::from_environment() {
  ClientOptions options;
  options.server = environment("CATMAID_SERVER");
  if (options.server.empty()) {
    throw Error(Errc::invalid_argument, "the environment variable CATMAID_SERVER is not set");
  }
  if (const auto text = environment("CATMAID_PROJECT_ID"); !text.empty()) {
    std::int64_t id = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (failure != std::errc() || end != text.data() + text.size()) {
      throw Error(Errc::invalid_argument,
                  "the environment variable CATMAID_PROJECT_ID is no number: " + in_quotes(text));
    }
    options.project_id = id;
  }
  options.api_token = environment("CATMAID_API_TOKEN");
  options.http_user = environment("CATMAID_HTTP_USER");
  options.http_password = environment("CATMAID_HTTP_PASSWORD");
  return CatmaidClient(std::move(options));
}

std::string CatmaidClient::get(std::string_view path, const std::stop_token& stop) const {
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string address = encode_url(options_.server + std::string(path));
  const auto url = redact_url(address);
  const auto fail = [&url](Errc code, const std::string& reason, int status, int attempts) {
    throw Error(code,
                "cannot fetch " + url + ": " + reason +
                    (attempts > 1 ? " (after " + std::to_string(attempts) + " attempts)" : ""),
                {.url = url, .http_status = status, .attempts = attempts});
  };
  if (detail::scheme_of(options_.server) == "file") {
    ByteResult file;
    try {
      file = detail::read_file({.key = address, .max_bytes = detail::max_json_bytes});
    } catch (const Error& error) {
      fail(error.code(), error.what(), 0, 1);
    }
    if (file.missing()) fail(Errc::not_found, "there is no such file", 0, 1);
    return {reinterpret_cast<const char*>(file.body.data()), file.body.size()};
  }
  Request request;
  request.url = address;
  request.credentials = api_credentials_;
  request.retry_on_500 = false;
  request.max_body_bytes = detail::max_json_bytes;
  Response response;
  try {
    response = session_.get(std::move(request), stop, detail::deadline_after(options_.metadata_timeout));
  } catch (const Error& error) {
    fail(error.code(), error.what(), error.context().http_status, error.context().attempts);
  }
  if (!response.secrets_withheld.empty()) {
    fail(Errc::refused,
         "it redirects to " + response.url + ", to which " + response.secrets_withheld +
             " was not sent, so that what it answers is not for this user; if that is the server, give its URL",
         response.status, response.attempts);
  }
  const std::string_view body(reinterpret_cast<const char*>(response.body.data()), response.body.size());
  const auto refusal = detail::server_refusal(body);
  if (response.status == 200 && !refusal) return std::string(body);
  const Errc code = refusal && refusal->not_found      ? Errc::not_found
                    : refusal || response.status < 500 ? code_for(response.status)
                                                       : Errc::http_status;
  fail(code, detail::status_text(response) + (refusal ? ": " + refusal->words : "") + ignored_token(response),
       response.status, response.attempts);
  return {};
}

std::int64_t CatmaidClient::project_id() const {
  if (options_.project_id) return *options_.project_id;
  throw Error(Errc::invalid_argument,
              "no project is chosen: set ClientOptions::project_id or the environment variable CATMAID_PROJECT_ID");
}

// Answers about a project that is not there say so in as many ways as there are views; so the list of projects is asked.
std::string CatmaidClient::get_of_project(std::string_view path, const std::stop_token& stop) const {
  try {
    return get(std::to_string(project_id()) + "/" + std::string(path), stop);
  } catch (const Error& error) {
    if (error.code() != Errc::not_found) throw;
    std::vector<ProjectSummary> all;
    try {
      all = projects(stop);
    } catch (const Error&) {
      throw error;
    }
    const auto known = [this](const ProjectSummary& project) { return project.id == project_id(); };
    if (std::any_of(all.begin(), all.end(), known)) throw;
    throw Error(Errc::not_found,
                "the server has no project " + std::to_string(project_id()) + "; it has " +
                    detail::list_of(all, &ProjectSummary::id, &ProjectSummary::title) + " (" + error.what() + ")",
                error.context());
  }
}

std::vector<ProjectSummary> CatmaidClient::projects(const std::stop_token& stop) const {
  const std::string path = detail::scheme_of(options_.server) == "file" ? "projects.json" : "projects/";
  return parsed(get(path, stop), options_.server + path, &ProjectSummary::list_from_json);
}

std::vector<StackSummary> CatmaidClient::stacks(const std::stop_token& stop) const {
  const auto url = options_.server + std::to_string(project_id()) + "/stacks";
  return parsed(get_of_project("stacks", stop), url, &StackSummary::list_from_json);
}

// As the stack stands in the API's paths.
std::string CatmaidClient::path_id(const IdOrTitle& stack, const std::stop_token& stop) const {
  if (stack.is_id()) return std::to_string(stack.id());
  const auto all = stacks(stop);
  const auto found = detail::find_by_id_or_title(all, stack, &StackSummary::id, &StackSummary::title);
  if (!found) {
    throw Error(Errc::not_found, "project " + std::to_string(project_id()) + " has no stack " + detail::named(stack) +
                                     "; it has " + detail::list_of(all, &StackSummary::id, &StackSummary::title));
  }
  return all[*found].id_text.empty() ? std::to_string(all[*found].id) : all[*found].id_text;
}

StackInfo CatmaidClient::stack_info(const IdOrTitle& stack, const std::stop_token& stop) const {
  const auto path = "stack/" + path_id(stack, stop) + "/info";
  const auto url = options_.server + std::to_string(project_id()) + "/" + path;
  return parsed(get_of_project(path, stop), url, &StackInfo::from_json);
}

std::vector<StackGroupSummary> CatmaidClient::stack_groups(const std::stop_token& stop) const {
  for (const ProjectSummary& project : projects(stop)) {
    if (project.id == project_id()) return project.stack_groups;
  }
  throw Error(Errc::not_found, "the server does not list project " + std::to_string(project_id()));
}

StackGroup CatmaidClient::stack_group(const IdOrTitle& group, const std::stop_token& stop) const {
  std::int64_t id = group.id();
  if (!group.is_id()) {
    const auto all = stack_groups(stop);
    const auto found = detail::find_by_id_or_title(all, group, &StackGroupSummary::id, &StackGroupSummary::title);
    if (!found) {
      throw Error(Errc::not_found, "project " + std::to_string(project_id()) + " has no stack group " +
                                       detail::named(group) + "; it has " +
                                       detail::list_of(all, &StackGroupSummary::id, &StackGroupSummary::title));
    }
    id = all[*found].id;
  }
  return StackGroup::from_json(get_of_project("stackgroup/" + std::to_string(id) + "/info", stop));
}

GroupedStacks CatmaidClient::open_group(const IdOrTitle& group, const std::stop_token& stop) const {
  GroupedStacks opened{stack_group(group, stop), {}, {}};
  for (const StackGroup::Member& member : opened.group.stacks) {
    auto& of_its_relation = member.relation == "channel" ? opened.channels : opened.views;
    of_its_relation.push_back(stack(member.stack_id, stop));
  }
  return opened;
}

std::vector<StackGroup> CatmaidClient::groups_of(const IdOrTitle& stack, const std::stop_token& stop) const {
  const auto id = path_id(stack, stop);
  const auto answer = detail::parse_answer(get_of_project("stack/" + id + "/groups", stop), "groups of a stack");
  std::vector<StackGroup> groups;
  for (const auto& group : detail::JsonNode(answer, "groups of a stack").at("stack_group_ids").items()) {
    groups.push_back(stack_group(group.integer(), stop));
  }
  // A stack that does not exist is in no group either, says the server; the stack's info tells.
  if (groups.empty() && stack.is_id()) (void)stack_info(stack, stop);
  return groups;
}

MirrorInfo CatmaidClient::mirror_info(const IdOrTitle& stack, const IdOrTitle& mirror,
                                      const std::stop_token& stop) const {
  const StackInfo info = stack_info(stack, stop);
  const auto found = detail::find_by_id_or_title(info.mirrors, mirror, &MirrorInfo::id, &MirrorInfo::title);
  if (!found) throw detail::no_such_mirror(info, mirror);
  return info.mirrors[*found];
}

Stack CatmaidClient::stack(const IdOrTitle& stack, const std::stop_token& stop) const {
  StackOptions options;
  options.session = session_;
  options.server = options_.server;
  options.allow_file = options_.allow_file_mirrors || detail::scheme_of(options_.server) == "file";
  options.forbidden_is_missing = options_.forbidden_is_missing;
  options.cache_bytes = options_.cache_bytes;
  options.read_ahead = options_.read_ahead;
  options.metadata_timeout = options_.metadata_timeout;
  options.api_credentials = api_credentials_;
  return Stack(stack_info(stack, stop), std::move(options));
}

}  // namespace catvox
