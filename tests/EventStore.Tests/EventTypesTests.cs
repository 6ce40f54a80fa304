using System.Text.Json;
using Shouldly;

namespace Events.EventStore.Tests;

public sealed class EventTypesTests
{
    /// <summary>One sample of every version that was ever on disk; a sample is never changed.</summary>
    public static TheoryData<string, string> Golden => new()
    {
        { "note_tagged", """{"tag": "red"}""" },
        { "note_tagged_v2", """{"tags": "red"}""" },
        { "note_tagged_v3", """{"tags": ["red"]}""" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Every_version_of_an_event_is_read_as_todays_shape(string alias, string sample)
    {
        Types().TryRead(alias, System.Text.Encoding.UTF8.GetBytes(sample), out var body).ShouldBeTrue();
        body.ShouldBeOfType<NoteTagged>().Tags.ShouldBe(["red"]);
    }

    [Fact]
    public void Only_todays_shape_is_written()
    {
        var types = Types();
        types.ToWrite(typeof(NoteTagged)).Alias.ShouldBe("note_tagged_v3");
        Should.Throw<InvalidOperationException>(() => types.ToWrite(typeof(NoteTaggedV1)));
    }

    [Fact]
    public void An_alias_or_a_type_is_taken_once_and_in_time()
    {
        Should.Throw<ArgumentException>(() => Types().Add("note_tagged", SampleJson.Default.NoteWritten));
        Should.Throw<ArgumentException>(() => Types().Add("note_tagged_v4", SampleJson.Default.NoteTagged));
        Should.Throw<ArgumentException>(() => Types().Add("NoteWritten", SampleJson.Default.NoteWritten));
        var used = Types();
        used.Aliases.ShouldBe(["note_tagged", "note_tagged_v2", "note_tagged_v3"]);
        Should.Throw<InvalidOperationException>(() => used.Add("note_written", SampleJson.Default.NoteWritten));
    }

    [Fact]
    public void Data_of_another_shape_is_an_error_and_an_unknown_alias_is_not()
    {
        Should.Throw<JsonException>(() => Types().TryRead("note_tagged_v3", "null"u8, out _));
        Should.Throw<JsonException>(() => Types().TryRead("note_tagged_v3", "[]"u8, out _));
        Types().TryRead("unknown", "{}"u8, out var body).ShouldBeFalse();
        body.ShouldBeNull();
    }

    [Theory]
    [InlineData("""{"a":"\\u0000 is text"}""", true)]
    [InlineData("""{"a":"\u0000"}""", false)]
    [InlineData("""{"a":"\\\u0000"}""", false)]
    [InlineData("""{"a":"\ud83c\udf89"}""", true)]
    [InlineData("""{"a":"\ud83c"}""", false)]
    [InlineData("""{"a":"\udf89"}""", false)]
    [InlineData("""{"a":"\ud83cx\udf89"}""", false)]
    [InlineData("""{"a":"\ud83c\ud83c"}""", false)]
    [InlineData("""{"a":"\n\t\"\\"}""", true)]
    public void Escapes_that_jsonb_does_not_take_are_found(string json, bool storable) =>
        Appending.JsonBytes.IsStorable(System.Text.Encoding.UTF8.GetBytes(json)).ShouldBe(storable);

    private static EventTypes Types() => new EventTypes()
        .Add("note_tagged_v3", SampleJson.Default.NoteTagged)
        .AddUpcaster("note_tagged", SampleJson.Default.NoteTaggedV1, (NoteTaggedV1 old) => new NoteTaggedV2(old.Tag))
        .AddUpcaster("note_tagged_v2", SampleJson.Default.NoteTaggedV2, (NoteTaggedV2 old) => new NoteTagged(old.Tags.Split(',')));
}
