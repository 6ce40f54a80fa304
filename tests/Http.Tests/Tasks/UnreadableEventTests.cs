using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

/// <summary>Another program wrote an event to a task that cannot be read: whoever decides on the task is told where, and nobody else is disturbed.</summary>
public sealed class UnreadableEventTests(ApiServer server)
{
    [Fact]
    public async Task Changes_of_the_task_are_refused_with_the_position_and_everything_else_goes_on()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var (bad, good) = (await me.CreateTaskAsync(project, "First"), await me.CreateTaskAsync(project, "Good"));
        var position = await RetitleToNothingAsync(me, bad.Id);
        var events = await me.CountEventsAsync();

        ApiAnswer[] refused =
        [
            await me.PatchAsync($"/api/v1/tasks/{bad.Id}", """{"title":"Second"}"""),
            await me.PatchAsync($"/api/v1/tasks/{bad.Id}", """{"status":"done"}"""),
            await me.PostAsync($"/api/v1/tasks/{bad.Id}/comments", """{"body":"Well?"}""", ("Idempotency-Key", $"\"{Guid.NewGuid()}\"")),
            await me.DeleteAsync($"/api/v1/tasks/{bad.Id}"),
            await me.PostAsync($"/api/v1/tasks/{good.Id}/links", $$"""{"kind":"blocks","taskId":"{{bad.Id}}"}"""),
            await me.GetAsync($"/api/v1/tasks/{bad.Id}?version=2"),
        ];
        foreach (var answer in refused)
        {
            answer.ShouldBeProblem(HttpStatusCode.Conflict, "unreadable_event");
            answer.Text.ShouldContain($"task_retitled at position {position} ");
        }

        var batch = await me.PostAsync(
            "/api/v1/tasks/batch", $$$"""{"operations":[{"op":"change","id":"{{{bad.Id}}}","changes":{"priority":"high"}},{"op":"change","id":"{{{good.Id}}}","changes":{"priority":"high"}}]}""");
        batch.Body["results"]!.AsArray().Select(r => (int)r!["status"]!).ShouldBe([409, 200]);
        (await me.CountEventsAsync()).ShouldBe(events + 1);

        var detail = await me.GetAsync($"/api/v1/tasks/{bad.Id}", ("Events-Min-Position", batch.Position));
        ((string)detail.Body["title"]!).ShouldBe("First");
        (await me.GetAsync($"/api/v1/tasks/{bad.Id}?version=1")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<long> RetitleToNothingAsync(ApiUser me, string task)
    {
        await using var command = server.Database.DataSource.CreateCommand(
            """
            with stream as (update mt_streams set version = version + 1 where tenant_id = $1 and id = $2 returning *)
            insert into mt_events (seq_id, id, stream_id, version, data, type, timestamp, tenant_id)
            select nextval('mt_events_sequence'), gen_random_uuid(), id, version, '{}', 'task_retitled', now(), tenant_id
            from stream
            returning seq_id
            """);
        command.Parameters.AddWithValue(me.Tenant.Value);
        command.Parameters.AddWithValue(Guid.Parse(task));
        return (long)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
