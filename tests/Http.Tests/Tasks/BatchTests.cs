using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

public sealed class BatchTests(ApiServer server)
{
    [Fact]
    public async Task Each_operation_is_answered_in_order_and_on_its_own()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var made = Guid.CreateVersion7();
        var answer = await me.PostAsync("/api/v1/tasks/batch", $$$"""
            {"operations":[
              {"op":"create","task":{"projectId":"{{{project}}}","title":"First","id":"{{{made}}}"}},
              {"op":"change","id":"{{{made}}}","changes":{"status":"done"}},
              {"op":"change","id":"{{{made}}}","ifVersion":1,"changes":{"title":"Stale"}},
              {"op":"comment","id":"{{{made}}}","comment":{"body":"Done"}},
              {"op":"delete","id":"{{{Guid.CreateVersion7()}}}"},
              {"op":"create","task":{"projectId":"{{{project}}}","title":" "}}]}
            """);
        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Text);
        answer.Body["results"]!.AsArray().Select(r => (int)r!["status"]!).ShouldBe([201, 200, 412, 201, 404, 400]);
        ((string)answer.Body["results"]![5]!["problem"]!["errors"]![0]!["pointer"]!).ShouldBe("/title");
        var detail = await me.GetAsync($"/api/v1/tasks/{made}", ("Events-Min-Position", answer.Position));
        ((string)detail.Body["status"]!).ShouldBe("done");
        ((int)detail.Body["commentCount"]!).ShouldBe(1);
    }

    [Fact]
    public async Task P2_a_repeated_batch_changes_nothing()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var rows = Enumerable.Range(0, 200).Select(i => $$$"""{"op":"create","idempotencyKey":"row-{{{i}}}","task":{"projectId":"{{{project}}}","title":"Row {{{i}}}"}}""");
        var body = $$"""{"operations":[{{string.Join(',', rows)}}]}""";
        var first = await me.PostAsync("/api/v1/tasks/batch", body);
        var events = await me.CountEventsAsync();
        events.ShouldBe(202);
        var again = await me.PostAsync("/api/v1/tasks/batch", body);
        again.Text.ShouldBe(first.Text);
        var header = await me.PostAsync("/api/v1/tasks/batch", $$$"""{"operations":[{"op":"create","task":{"projectId":"{{{project}}}","title":"Once"}}]}""", ("Idempotency-Key", "whole"));
        var repeated = await me.PostAsync("/api/v1/tasks/batch", $$$"""{"operations":[{"op":"create","task":{"projectId":"{{{project}}}","title":"Once"}}]}""", ("Idempotency-Key", "whole"));
        repeated.Text.ShouldBe(header.Text);
        (await me.CountEventsAsync()).ShouldBe(events + 1);
    }

    [Fact]
    public async Task P2_another_batch_under_the_key_changes_nothing_however_many_operations_it_has()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        string Row(string title) => $$$"""{"op":"create","task":{"projectId":"{{{project}}}","title":"{{{title}}}"}}""";
        var first = await me.PostAsync("/api/v1/tasks/batch", $$"""{"operations":[{{Row("One")}}]}""", ("Idempotency-Key", "whole"));
        first.Headers.Contains("Idempotency-Replayed").ShouldBeFalse();
        var events = await me.CountEventsAsync();
        (await me.PostAsync("/api/v1/tasks/batch", $$"""{"operations":[{{Row("One")}},{{Row("Two")}}]}""", ("Idempotency-Key", "whole"))).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "idempotency_key_reused");
        var again = await me.PostAsync("/api/v1/tasks/batch", $$"""{"operations":[{{Row("One")}}]}""", ("Idempotency-Key", "whole"));
        again.Text.ShouldBe(first.Text);
        again.Headers.GetValues("Idempotency-Replayed").ShouldBe(["true"]);
        (await me.CountEventsAsync()).ShouldBe(events);
    }

    [Fact]
    public async Task P2_many_batches_at_once_under_one_key_are_one()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var rows = string.Join(',', Enumerable.Range(0, 50).Select(i => $$$"""{"op":"create","task":{"projectId":"{{{project}}}","title":"Row {{{i}}}"}}"""));
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => me.PostAsync("/api/v1/tasks/batch", $$"""{"operations":[{{rows}}]}""", ("Idempotency-Key", "same"))));
        answers.ShouldAllBe(a => a.Status == HttpStatusCode.OK || a.Status == HttpStatusCode.Conflict);
        answers.Where(a => a.Status == HttpStatusCode.OK).Select(a => a.Text).Distinct(StringComparer.Ordinal).ShouldHaveSingleItem();
        (await me.CountEventsAsync()).ShouldBe(52);
    }

    [Theory]
    [InlineData("""{"operations":[{"op":"archive","id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","changes":{"title":"x"}}]}""", "/operations/0/changes", "unknown_member")]
    [InlineData("""{"operations":[{"op":"create","id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","task":{"projectId":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f","title":"x"}}]}""", "/operations/0/id", "unknown_member")]
    [InlineData("""{"operations":[]}""", "/operations", "required")]
    [InlineData("""{"operations":[{"op":"create"}]}""", "/operations/0/task", "required")]
    [InlineData("""{"operations":[{"op":"archive"}]}""", "/operations/0/id", "required")]
    [InlineData("""{"operations":[{"op":"explode"}]}""", "/operations/0/op", "unknown_value")]
    [InlineData("""{"operations":[{"op":"create","task":{"title":"x","colour":1}}]}""", "/operations/0/task/colour", "unknown_member")]
    public async Task P11_what_is_wrong_with_an_operation_is_named(string body, string pointer, string code)
    {
        var me = await server.NewUserAsync();
        (await me.PostAsync("/api/v1/tasks/batch", body)).ShouldBeProblem(HttpStatusCode.BadRequest, code, pointer);
    }

    [Fact]
    public async Task P11_more_than_two_hundred_operations_are_refused()
    {
        var me = await server.NewUserAsync();
        var body = $$"""{"operations":[{{string.Join(',', Enumerable.Repeat("""{"op":"restore","id":"01938f5e-7b3a-7c62-9d1f-0a1b2c3d4e5f"}""", 201))}}]}""";
        (await me.PostAsync("/api/v1/tasks/batch", body)).ShouldBeProblem(HttpStatusCode.BadRequest, "too_many", "/operations");
    }
}
