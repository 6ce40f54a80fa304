using System.Runtime.CompilerServices;
using System.Text.Json;
using Events.Commands.Tasks;

namespace Events.Workers.Imports.Reading.Json;

/// <summary>
/// A Trello board's export. Cards name their list, members and labels by id and may stand before them, so the file is passed over
/// twice: first for what a board has few of, then card by card.
/// </summary>
internal sealed class TrelloBoard : IImportReader
{
    private static readonly HashSet<string> Surroundings = ["lists", "members", "labels", "checklists", "actions"];
    private static readonly HashSet<string> Cards = ["cards"];

    /// <summary>Characters that a board's surroundings may have: they are held until the cards have been read.</summary>
    private const long MaxSurroundings = 32L << 20;

    public async IAsyncEnumerable<ImportRow> ReadAsync(
        ImportSource source, ImportMapping mapping, FileNotes notes, [EnumeratorCancellation] CancellationToken ct)
    {
        notes.Encoding = "utf-8";
        var words = new SourceWords(mapping);
        var board = new Board();
        await foreach (var item in ReadAsync(source, Surroundings, ct))
        {
            using (item)
                board.Learn(item.Member, item.Value, words);
        }
        var number = 0L;
        await foreach (var item in ReadAsync(source, Cards, ct))
        {
            using (item)
                yield return item.IsTooLarge ? JsonRows.TooLarge(++number) : Row(++number, item.Value, board, words);
        }
    }

    private static async IAsyncEnumerable<JsonItem> ReadAsync(ImportSource source, IReadOnlySet<string> members, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var stream = await source.OpenAsync(ct);
        await using var utf8 = await SourceText.OpenUtf8Async(stream, ct);
        await foreach (var item in JsonElements.ReadAsync(utf8, members, ct))
        {
            if (item.Member.Length == 0)
            {
                item.Dispose();
                throw new UnreadableFileException("not_trello", "The file is a list, not the export of a Trello board.");
            }
            yield return item;
        }
    }

    private static ImportRow Row(long number, JsonElement card, Board board, SourceWords words)
    {
        if ((card.Text("name"), card.Text("id")) is not ({ } title, { } id))
            return new ImportRow(number, null, [new RowProblem(number, null, "name", "missing_title", "The card has no name or no id.")]);
        var problems = new List<RowProblem>();
        var list = board.Lists.GetValueOrDefault(card.Text("idList") ?? "");
        var archived = card.Member("closed") is { ValueKind: JsonValueKind.True };
        var status = card.Member("dueComplete") is { ValueKind: JsonValueKind.True } || archived ? WorkStatus.Done : words.StatusOf(list);
        var labels = card.Items("idLabels").Select(label => board.Labels.GetValueOrDefault(label.Text() ?? "")).OfType<string>().ToList();
        if (labels.Count == 0)
            labels.AddRange(card.Items("labels").Select(static label => label.Text("name") ?? label.Text("color")).OfType<string>());
        if (list is not null && words.StatusOf(list) is null)
            labels.Add(list);
        var task = new ImportedTask(id, title)
        {
            Description = card.Text("desc"),
            Status = status,
            Assignee = card.Items("idMembers").Select(member => board.Members.GetValueOrDefault(member.Text() ?? "")).FirstOrDefault(static p => p is not null),
            Author = board.Creators.GetValueOrDefault(id),
            Labels = labels,
            DueOn = words.Day(card.Text("due")),
            CreatedAt = Born(id),
            UpdatedAt = card.Moment("dateLastActivity", words),
            ClosedAt = status == WorkStatus.Done ? card.Moment("dateLastActivity", words) : null,
            Url = card.Text("shortUrl") ?? card.Text("url"),
            // Exports list the newest first.
            Comments = board.Comments.TryGetValue(id, out var comments) ? [.. Enumerable.Reverse(comments)] : [],
            Checklist = board.Checklists.GetValueOrDefault(id, []),
        };
        return new ImportRow(number, ImportFit.Fit(task, number, null, problems), problems);
    }

    /// <summary>The first eight digits of an id are the second in which it was made.</summary>
    private static DateTimeOffset? Born(string id) =>
        id.Length == 24 && long.TryParse(id.AsSpan(0, 8), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var seconds) ? SourceWords.Epoch(seconds) : null;

    private sealed class Board
    {
        private long chars;

        public Dictionary<string, string> Lists { get; } = [];

        public Dictionary<string, ImportedPerson?> Members { get; } = [];

        public Dictionary<string, string> Labels { get; } = [];

        public Dictionary<string, ImportedPerson?> Creators { get; } = [];

        public Dictionary<string, List<ImportedComment>> Comments { get; } = [];

        public Dictionary<string, List<ImportedChecklistItem>> Checklists { get; } = [];

        public void Learn(string member, JsonElement value, SourceWords words)
        {
            if (value.Text("id") is not { } id)
                return;
            switch (member)
            {
                case "lists" when value.Text("name") is { } name:
                    Lists[id] = Room(name);
                    break;
                case "members":
                    Members[Room(id)] = Person(value);
                    break;
                case "labels" when (value.Text("name") ?? value.Text("color")) is { } name:
                    Labels[id] = Room(name);
                    break;
                case "checklists" when value.Text("idCard") is { } card:
                    Of(Checklists, card).AddRange(value.Items("checkItems").Where(static item => item.Text("name") is not null)
                        .Select(item => new ImportedChecklistItem(Room(item.Text("name")!), string.Equals(item.Text("state"), "complete", StringComparison.Ordinal))));
                    break;
                case "actions" when value.Member("data")?.Member("card")?.Text("id") is { } card:
                    LearnAction(id, card, value, words);
                    break;
                default:
                    break;
            }
        }

        private void LearnAction(string id, string card, JsonElement action, SourceWords words)
        {
            var who = action.Member("memberCreator") is { } creator ? Person(creator) : null;
            if (string.Equals(action.Text("type"), "createCard", StringComparison.Ordinal))
                Creators[Room(card)] = who;
            if (string.Equals(action.Text("type"), "commentCard", StringComparison.Ordinal) && action.Member("data")?.Text("text") is { } text)
                Of(Comments, card).Add(new ImportedComment(id, Room(text), who, action.Moment("date", words)));
        }

        /// <summary>Counts a text that is kept; short ones weigh as much as what holds them.</summary>
        private string Room(string text)
        {
            chars += text.Length + 100;
            return chars <= MaxSurroundings
                ? text
                : throw new UnreadableFileException("board_too_large", $"The board's lists, labels, checklists and actions have more than {MaxSurroundings:N0} characters.");
        }

        private static ImportedPerson? Person(JsonElement member) => ImportedPerson.From(member.Text("username"), member.Text("fullName"), member.Text("email"));

        private static List<T> Of<T>(Dictionary<string, List<T>> table, string key)
        {
            if (!table.TryGetValue(key, out var list))
                table[key] = list = [];
            return list;
        }
    }
}
