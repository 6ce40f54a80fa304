using System.Net;
using System.Text.Json.Nodes;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Http.Auth;
using Events.Http.Describing;
using Events.Http.Tests.Api;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Describing;

/// <summary>What every endpoint owes: a permission, a description with an example, pages where it answers a collection.</summary>
public sealed class EndpointTests(ApiServer server)
{
    private IReadOnlyList<RouteEndpoint> Endpoints =>
        [.. server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.RoutePattern.RawText!.StartsWith("/api/", StringComparison.Ordinal))];

    [Fact]
    public void Every_endpoint_says_who_may_use_it() =>
        Endpoints.Where(e => e.Metadata.GetMetadata<AccessDeclaration>() is null).Select(e => e.DisplayName).ShouldBeEmpty();

    [Fact]
    public void Every_endpoint_describes_itself_with_an_example()
    {
        Endpoints.Where(e => e.Metadata.GetMetadata<Operation>() is null).Select(e => e.DisplayName).ShouldBeEmpty();
        var operations = Endpoints.Select(e => e.Metadata.GetMetadata<Operation>()!).ToList();
        operations.Where(o => o.Example.Length == 0 && o.Status is not (202 or 204)).Select(o => o.Id).ShouldBeEmpty();
        operations.GroupBy(o => o.Id, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => g.Key).ShouldBeEmpty();
        operations.Where(o => o.Body is { Example: "{}" }).Select(o => o.Id).ShouldBeEmpty();
    }

    [Fact]
    public void P9_every_list_is_paginated()
    {
        foreach (var operation in Endpoints.Select(e => e.Metadata.GetMetadata<Operation>()!))
        {
            var answersMany = operation.Example.StartsWith('[') || operation.Example.Contains("\"items\":[", StringComparison.Ordinal);
            operation.Paginated.ShouldBe(answersMany, operation.Id);
            if (operation.Paginated)
                operation.Query.Select(p => p.Name).ShouldContain("limit", operation.Id);
        }
    }

    [Fact]
    public void Every_command_has_an_endpoint()
    {
        var reached = Endpoints.SelectMany(e => e.Metadata.GetMetadata<Operation>()!.Commands).ToHashSet();
        // Single labels are put on and taken off by bulk changes and by undo.
        Type[] insideOthers = [typeof(LabelTask), typeof(UnlabelTask)];
        var commands = typeof(TaskCommand).Assembly.GetTypes()
            .Where(t => !t.IsAbstract && (t.IsSubclassOf(typeof(TaskCommand)) || t.IsSubclassOf(typeof(ProjectCommand)) || t == typeof(CreateTask)));
        commands.Except(reached).Except(insideOthers).Select(t => t.Name).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_post_keeps_its_answer_under_a_key_or_says_what_a_repeat_does()
    {
        var me = await server.NewUserAsync();
        var paths = (await me.GetAsync("/openapi/v1.json")).Body["paths"]!.AsObject();
        foreach (var (path, operations) in paths)
        {
            if (operations!["post"] is not { } post)
                continue;
            var takes = post["parameters"]!.AsArray().Any(p => (string?)p!["$ref"] == "#/components/parameters/IdempotencyKey");
            if (!takes)
            {
                ((string?)post["description"]).ShouldNotBeNull().ShouldContain("It takes no `Idempotency-Key`: ", customMessage: path);
                continue;
            }

            // Whoever reads the header refuses one that is none, unless the path or the caller was refused before.
            var body = post["requestBody"]?["content"]!["application/json"]!["example"]!.ToJsonString() ?? "";
            var answer = await me.PostAsync(path.Replace("{id}", Guid.CreateVersion7().ToString(), StringComparison.Ordinal), body, ("Idempotency-Key", new string('k', 300)));
            ((string?)answer.Body["code"]).ShouldBeOneOf(["malformed_idempotency_key", "not_found", "people_only"], $"{path}: {answer.Text}");
        }
    }

    [Fact]
    public async Task The_document_is_open_api_3_1_and_names_every_operation()
    {
        var me = await server.NewUserAsync();
        var answer = await me.GetAsync("/openapi/v1.json");
        answer.Status.ShouldBe(HttpStatusCode.OK);
        ((string)answer.Body["openapi"]!).ShouldBe("3.1.0");
        var operations = answer.Body["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject()).ToList();
        operations.Count.ShouldBe(Endpoints.Count);
        foreach (var (_, operation) in operations)
        {
            if (operation!["requestBody"] is { } body)
                body["content"]!["application/json"]!["example"].ShouldNotBeNull((string)operation["operationId"]!);
        }

        ResolveAll(answer.Body, answer.Body);
        (await me.GetAsync("/")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_says_that_it_waits_for_a_position_does_and_the_rest_does_not_say_so()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = await me.CreateTaskAsync(project);
        foreach (var (path, verb, operation) in server.Description.Operations.Where(o => o.Verb == "get" && o.Operation["x-streams"] is null))
        {
            var place = path.StartsWith("/api/v1/projects", StringComparison.Ordinal) ? project.ToString() : path.StartsWith("/api/v1/people", StringComparison.Ordinal) ? me.PersonId.ToString() : task.Id;
            var asked = path.Replace("{id}", place, StringComparison.Ordinal).Replace("{commentId}", place, StringComparison.Ordinal).Replace("{itemId}", place, StringComparison.Ordinal);
            var query = string.Join('&', operation["parameters"]!.AsArray().Where(p => (bool?)p!["required"] == true && (string?)p["in"] == "query").Select(p => $"{p!["name"]}={p["example"]}"));
            var answer = await me.GetAsync($"{asked}?{(query.Length > 0 ? query : path.EndsWith("/search", StringComparison.Ordinal) ? "q=x" : "")}", ("Events-Min-Position", "soon"));
            var says = operation["parameters"]!.AsArray().Any(p => (string?)p!["$ref"] == "#/components/parameters/MinPosition");
            answer.Text.Contains("malformed_position", StringComparison.Ordinal).ShouldBe(says, $"{verb} {path}: {answer.Text}");
        }
    }

    [Fact]
    public async Task What_takes_a_person_says_that_no_token_will_do()
    {
        var me = await server.NewUserAsync();
        foreach (var (path, verb, operation) in server.Description.Operations.Where(o => o.Verb == "get" && !o.Path.Contains('{', StringComparison.Ordinal) && o.Operation["x-streams"] is null))
        {
            var refused = (await me.GetAsync(path)).Text.Contains("\"people_only\"", StringComparison.Ordinal);
            var said = operation["security"]?.ToJsonString();
            said.ShouldBe(refused ? """[{"session":[]}]""" : null, $"{verb} {path}");
        }
    }

    [Fact]
    public void Every_example_is_of_its_own_schema()
    {
        var description = server.Description;
        var wrong = new List<string>();
        foreach (var (path, verb, operation) in description.Operations)
        {
            var at = $"{verb} {path}";
            foreach (var parameter in operation["parameters"]!.AsArray().Where(p => p!["example"] is not null))
                wrong.AddRange(description.Schemas.Check(parameter!["example"], parameter["schema"]!, closed: false, $"{at} {parameter["name"]}"));
            var bodies = operation["requestBody"]?["content"]!.AsObject().Select(c => c.Value!) ?? [];
            var answers = operation["responses"]!.AsObject().SelectMany(r => r.Value!["content"]?.AsObject().Select(c => c.Value!) ?? []);
            foreach (var media in bodies.Concat(answers).Where(m => m["example"] is not null))
                wrong.AddRange(description.Schemas.Check(media["example"], media["schema"]!, closed: false, at));
        }

        wrong.ShouldBeEmpty();
    }

    private static void ResolveAll(JsonNode document, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                if ((string?)members["$ref"] is { } reference)
                    reference.Split('/').Skip(1).Aggregate<string, JsonNode?>(document, (at, part) => at?[part]).ShouldNotBeNull(reference);
                foreach (var (_, value) in members)
                    ResolveAll(document, value);
                break;
            case JsonArray items:
                foreach (var item in items)
                    ResolveAll(document, item);
                break;
        }
    }
}
