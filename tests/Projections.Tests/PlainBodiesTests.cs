using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Events.Commands;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Projections.Rebuild;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class PlainBodiesTests
{
    private static readonly EventTypes Types = Registered();

    private static readonly PlainBodies Plain = new();

    private static EventTypes Registered()
    {
        var types = new EventTypes();
        EventRegister.AddTo(types);
        return types;
    }

    [Fact]
    public void What_the_commands_write_is_read_as_the_serializer_reads_it()
    {
        var history = new History(seed: 7);
        var read = 0;
        for (var i = 0; i < 2_000; i++)
        {
            foreach (var body in history.Next().Events)
            {
                switch (body)
                {
                    case TaskCreated created:
                        read++;
                        Same("task_created", JsonSerializer.SerializeToUtf8Bytes(created, EventJson.Default.TaskCreated));
                        break;
                    case TaskStatusChanged changed:
                        read++;
                        Same("task_status_changed", JsonSerializer.SerializeToUtf8Bytes(changed, EventJson.Default.TaskStatusChanged));
                        break;
                }
            }
        }

        read.ShouldBeGreaterThan(500);
    }

    [Theory]
    [InlineData("task_status_changed", """{"from":"todo","to":3}""")]
    [InlineData("task_status_changed", """{"from":"todo"}""")]
    [InlineData("task_status_changed", """{"from":"todo","to":"Done"}""")]
    [InlineData("task_status_changed", """{"from":"todo","to":"done","why":"because"}""")]
    [InlineData("task_status_changed", "7")]
    [InlineData("task_created", """{"title":"x"}""")]
    [InlineData("task_created", "[]")]
    [InlineData("task_retitled", """{"from":"a","to":"b"}""")]
    public void Any_other_shape_is_left_to_the_serializer(string alias, string json) =>
        Plain.TryRead(alias, Encoding.UTF8.GetBytes(json)).ShouldBeNull();

    [Fact]
    public void What_lacks_a_member_or_has_null_for_it_is_read_as_the_serializer_reads_it_or_by_neither()
    {
        var created = new TaskCreated(Guid.CreateVersion7(), 1, "WEB-1", "Title", "Text", WorkStatus.Todo, Priority.Low, Guid.CreateVersion7(), ["api"], new DateOnly(2026, 12, 1), 2, Guid.CreateVersion7(), "h");
        (string Alias, string Json)[] whole =
        [
            ("task_created", JsonSerializer.Serialize(created, EventJson.Default.TaskCreated)),
            ("task_status_changed", JsonSerializer.Serialize(new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done), EventJson.Default.TaskStatusChanged)),
        ];
        var refused = new List<string>();
        foreach (var (alias, json) in whole)
        {
            foreach (var member in JsonNode.Parse(json)!.AsObject().Select(m => m.Key))
            {
                var without = JsonNode.Parse(json)!.AsObject();
                without.Remove(member);
                var emptied = JsonNode.Parse(json)!.AsObject();
                emptied[member] = null;
                if (Refuses(alias, without) | Refuses(alias, emptied))
                    refused.Add(member);
            }
        }

        Refuses("task_created", JsonNode.Parse(JsonSerializer.Serialize(created with { Labels = ["api", null!] }, EventJson.Default.TaskCreated))!).ShouldBeTrue();
        refused.ShouldBe(["projectId", "number", "key", "title", "status", "priority", "labels", "rank", "from", "to"]);
    }

    private static bool Refuses(string alias, JsonNode json)
    {
        var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        var plain = Plain.TryRead(alias, bytes);
        if (Record.Exception(() => Types.TryRead(alias, bytes, out _)) is JsonException)
        {
            plain.ShouldBeNull(json.ToJsonString());
            return true;
        }

        if (plain is not null)
            Same(alias, bytes);
        return false;
    }

    private static void Same(string alias, byte[] json)
    {
        Types.TryRead(alias, json, out var expected).ShouldBeTrue();
        var plain = Plain.TryRead(alias, json).ShouldNotBeNull();
        plain.ShouldBeEquivalentTo(expected is TaskCreated created ? created with { Labels = created.Labels.ToArray() } : expected);
    }
}
