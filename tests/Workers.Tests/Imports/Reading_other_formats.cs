using System.IO.Compression;
using System.Text;
using Events.Commands.Tasks;
using Events.Workers.Imports.Reading;
using Shouldly;

namespace Events.Workers.Tests.Imports;

public sealed class Reading_other_formats
{
    [Fact]
    public async Task GitLab_issues_keep_authors_times_and_states()
    {
        var file = await Given.FileAsync("gitlab-json", """
            [
              {"id": 7, "iid": 1, "title": "Dates in milliseconds", "state": "closed", "created_at": 1662064884178, "closed_at": "2022-10-06T14:27:36.054Z",
               "closed_by": {"username": "carol", "name": "Carol"}, "labels": ["ux", "dex::review"], "assignees": [{"username": "bob", "name": "Bob"}],
               "author": {"username": "ann", "name": "Ann"}, "due_date": "2022-09-16", "weight": 2, "web_url": "https://gitlab.example/1",
               "notes": [{"id": 1, "body": "done?", "author": {"username": "bob", "name": "Bob"}, "created_at": "2022-10-01T00:00:00Z"}, {"id": 2, "body": "moved", "system": true}]},
              "not an issue",
              {"id": 8, "title": null},
              {"title": "no id"},
              {"id": 9, "title": "Open", "state": "opened", "description": "lone \ud800 half and \u0000 nul"}
            ]
            """);
        file.Titles.ShouldBe(["Dates in milliseconds", "Open"]);
        file.Codes.ShouldBe(["not_an_object", "missing_title", "missing_id"]);
        var first = file.Tasks[0];
        first.SourceKey.ShouldBe("7");
        first.Status.ShouldBe(WorkStatus.Done);
        first.CreatedAt.ShouldBe(DateTimeOffset.Parse("2022-09-01T20:41:24.178Z"));
        first.ClosedAt.ShouldBe(DateTimeOffset.Parse("2022-10-06T14:27:36.054Z"));
        first.ClosedBy!.Username.ShouldBe("carol");
        first.Author!.Name.ShouldBe("Ann");
        first.Assignee!.Username.ShouldBe("bob");
        first.Labels.ShouldBe(["ux", "dex::review"]);
        first.DueOn.ShouldBe(new DateOnly(2022, 9, 16));
        first.Estimate.ShouldBe(2);
        first.Comments.ShouldHaveSingleItem().Body.ShouldBe("done?");
        file.Tasks[1].Status.ShouldBe(WorkStatus.Todo);
        file.Tasks[1].Description.ShouldBe("lone \ufffd half and  nul");
    }

    [Fact]
    public async Task GitHub_issues_are_read_from_the_api_and_from_the_command_line_tool()
    {
        var file = await Given.FileAsync("github-json", """
            [{"id": 1, "number": 5, "title": "Api", "body": "b", "state": "closed", "state_reason": "not_planned", "user": {"login": "ann"}, "comments": 3,
              "labels": [{"name": "bug"}], "assignee": {"login": "bob"}, "milestone": {"due_on": "2026-01-01T08:00:00Z"}, "created_at": "2025-01-01T00:00:00Z", "closed_at": "2025-02-01T00:00:00Z"},
             {"id": "I_kw", "number": 6, "title": "Tool", "state": "OPEN", "author": {"login": "ann"}, "createdAt": "2025-01-01T00:00:00Z",
              "comments": [{"id": "c1", "body": "hello", "author": {"login": "bob"}, "createdAt": "2025-01-02T00:00:00Z"}]}]
            """);
        file.Tasks.Select(t => t.Status).ShouldBe([WorkStatus.Cancelled, WorkStatus.Todo]);
        file.Tasks[0].Labels.ShouldBe(["bug"]);
        file.Tasks[0].DueOn.ShouldBe(new DateOnly(2026, 1, 1));
        file.Tasks[1].Comments.ShouldHaveSingleItem().Author!.Username.ShouldBe("bob");
        file.Codes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Jira_exports_repeat_columns_and_put_three_things_into_a_comment()
    {
        var file = await Given.FileAsync("jira-csv", """
            Summary,Issue key,Issue id,Issue Type,Status,Priority,Assignee,Reporter,Created,Resolved,Labels,Labels,Comment,Comment,Parent id,Custom field (Story Points)
            Parent,WEB-1,10001,Story,Done,Highest,ann,bob,08/Apr/22 10:15 PM,09/Apr/22 1:00 AM,a,b,"08/Apr/22 11:00 PM;ann;first; with semicolon",plain,,5.0
            Child,WEB-2,10002,Sub-task,To Do,Low,,bob,08/Apr/22 10:16 PM,,a,,,,10001,
            """);
        file.Codes.ShouldBeEmpty();
        var parent = file.Tasks[0];
        parent.Status.ShouldBe(WorkStatus.Done);
        parent.Labels.ShouldBe(["a", "b"]);
        parent.Estimate.ShouldBe(5);
        parent.Comments[0].ShouldBe(new ImportedComment("0", "first; with semicolon", new ImportedPerson(null, "ann", null), DateTimeOffset.Parse("2022-04-08T23:00:00Z")));
        parent.Comments[1].Body.ShouldBe("plain");
        file.Tasks[1].ParentSourceKey.ShouldBe(parent.SourceKey);
    }

    [Fact]
    public async Task A_Trello_board_is_read_whatever_the_order_of_its_parts()
    {
        var file = await Given.FileAsync("trello-json", """
            {"name": "Board", "prefs": {"lists": [1, 2]},
             "cards": [{"id": "5f0000000000000000000001", "name": "Card", "desc": "d", "idList": "l1", "idMembers": ["m1"], "idLabels": ["b1"], "due": "2026-03-01T00:00:00.000Z", "dateLastActivity": "2026-01-01T00:00:00Z"},
                       {"id": "5f0000000000000000000002", "name": "Archived", "closed": true, "idList": "l2"}, {"id": "x"}],
             "lists": [{"id": "l1", "name": "Doing"}, {"id": "l2", "name": "Ideas of 2020"}], "members": [{"id": "m1", "username": "ann", "fullName": "Ann"}],
             "labels": [{"id": "b1", "name": "red"}],
             "checklists": [{"id": "k", "idCard": "5f0000000000000000000001", "checkItems": [{"name": "one", "state": "complete"}, {"name": "two", "state": "incomplete"}]}],
             "actions": [{"id": "a2", "type": "commentCard", "date": "2026-01-02T00:00:00Z", "memberCreator": {"username": "bob"}, "data": {"text": "second", "card": {"id": "5f0000000000000000000001"}}},
                         {"id": "a1", "type": "commentCard", "date": "2026-01-01T00:00:00Z", "memberCreator": {"username": "ann"}, "data": {"text": "first", "card": {"id": "5f0000000000000000000001"}}}]}
            """);
        var card = file.Tasks[0];
        card.Status.ShouldBe(WorkStatus.InProgress);
        card.Assignee!.Name.ShouldBe("Ann");
        card.Labels.ShouldBe(["red"]);
        card.Comments.Select(c => c.Body).ShouldBe(["first", "second"]);
        card.Checklist.ShouldBe([new ImportedChecklistItem("one", true), new ImportedChecklistItem("two", false)]);
        file.Tasks[1].Status.ShouldBe(WorkStatus.Done);
        file.Tasks[1].Labels.ShouldBe(["Ideas of 2020"]);
        file.Codes.ShouldBe(["missing_title"]);
    }

    [Fact]
    public async Task Todoist_rows_become_tasks_under_parents_with_their_notes()
    {
        var file = await Given.FileAsync("todoist-csv", """
            TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE
            section,Doing,,,,,,,,
            task,Plan trip @travel,Where to,1,1,Ann (123),Bob (456),2026-05-01,en,
            note,Ask mum,,,,Ann (123),,,,
            task,Book hotel,,4,2,Ann (123),,every day,en,
            ,,,,,,,,,
            """);
        file.Titles.ShouldBe(["Plan trip", "Book hotel"]);
        file.Tasks[0].Status.ShouldBe(WorkStatus.InProgress);
        file.Tasks[0].Priority.ShouldBe(Priority.Urgent);
        file.Tasks[0].Labels.ShouldBe(["travel"]);
        file.Tasks[0].Author!.Name.ShouldBe("Ann");
        file.Tasks[0].Comments.ShouldHaveSingleItem().Body.ShouldBe("Ask mum");
        file.Tasks[1].ParentSourceKey.ShouldBe(file.Tasks[0].SourceKey);
        file.Codes.ShouldBe(["bad_date"]);
    }

    [Theory]
    [InlineData("gitlab-json", "", "empty_file")]
    [InlineData("gitlab-json", "42", "not_a_list")]
    [InlineData("gitlab-json", "title,description\nx,y", "broken_json")]
    [InlineData("trello-json", "[]", null)]
    [InlineData("trello-json", "[1]", "not_trello")]
    [InlineData("todoist-csv", "content,title\nx,y", "not_todoist")]
    [InlineData("gitlab-json", "[]", null)]
    public async Task A_file_of_another_kind_is_refused_with_its_reason(string format, string text, string? code)
    {
        if (code is null)
            (await Given.FileAsync(format, text)).Rows.ShouldBeEmpty();
        else
            (await Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync(format, text))).Code.ShouldBe(code);
    }

    [Fact]
    public async Task Json_that_breaks_off_gives_what_came_before()
    {
        var rows = new List<ImportRow>();
        var reading = ImportFormats.ReadAsync(
            "gitlab-json", Given.Source("[{\"id\":1,\"title\":\"kept\"},{\"id\":2,\"titl"u8.ToArray()), ImportMapping.Guess, new FileNotes(), TestContext.Current.CancellationToken);
        var broken = await Should.ThrowAsync<UnreadableFileException>(async () =>
        {
            await foreach (var row in reading)
                rows.Add(row);
        });
        broken.Code.ShouldBe("broken_json");
        rows.Single().Content!.Title.ShouldBe("kept");
    }

    [Fact]
    public async Task Elements_larger_than_a_buffer_are_read_whole()
    {
        var text = new string('x', 1 << 20);
        var file = await Given.FileAsync("gitlab-json", $$"""[{"id":1,"title":"a","description":"{{text}}"},{"id":2,"title":"b"}]""");
        file.Titles.ShouldBe(["a", "b"]);
        file.Codes.ShouldBe(["description_shortened"]);
    }

    [Theory]
    [InlineData("{\"id\":2,\"title\":\"b\",\"description\":\"", "}] \\\" [{\\\\", "\"}")]
    [InlineData("{\"id\":2,\"labels\":[", "1,[{}],\"],]\", ", "0]}")]
    [InlineData("\"", "text, ", "\"")]
    [InlineData("", "1234567890", "")]
    public async Task An_element_of_a_hundred_megabytes_costs_one_row_and_is_not_held(string before, string part, string after)
    {
        var million = string.Concat(Enumerable.Repeat(part, 1_000_000 / part.Length));
        foreach (var (first, last) in ((string, string)[])[("{\"id\":1,\"title\":\"a\"} , ", " , {\"id\":3,\"title\":\"c\"}]"), ("", "\n]")])
        {
            var source = new ImportSource(_ => Task.FromResult<Stream>(new RepeatedText("[" + first + before, million, 100, after + last)), 1, new UnpackLimits());
            var (allocated, thread) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CurrentManagedThreadId);
            var file = await Given.FileAsync("gitlab-json", source);
            Environment.CurrentManagedThreadId.ShouldBe(thread);
            (GC.GetAllocatedBytesForCurrentThread() - allocated).ShouldBeLessThan(40 << 20);
            file.Titles.ShouldBe(first.Length > 0 ? ["a", "c"] : []);
            file.Codes.ShouldBe(["element_too_large"]);
        }
    }

    [Fact]
    public async Task A_file_that_ends_in_an_element_that_is_passed_over_gives_what_came_before()
    {
        var half = "[{\"id\":1,\"title\":\"a\"},{\"id\":2,\"title\":\"" + new string('x', 10 << 20);
        (await Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync("gitlab-json", half))).Code.ShouldBe("broken_json");
    }

    [Fact]
    public async Task A_board_with_more_around_its_cards_than_can_be_held_is_refused()
    {
        var action = "{\"id\":\"a\",\"type\":\"commentCard\",\"data\":{\"card\":{\"id\":\"c\"},\"text\":\"" + new string('x', 100_000) + "\"}},";
        var source = new ImportSource(_ => Task.FromResult<Stream>(new RepeatedText("{\"actions\":[", action, 500, "],\"cards\":[]}")), 1, new UnpackLimits());
        (await Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync("trello-json", source))).Code.ShouldBe("board_too_large");
    }

    [Fact]
    public async Task Packed_files_are_unpacked_on_the_way()
    {
        var csv = "title,description\npacked,x\n"u8.ToArray();
        (await Given.FileAsync("csv", Gzip(csv))).Titles.ShouldBe(["packed"]);
        (await Given.FileAsync("csv", Zip(("tasks.csv", csv), ("__MACOSX/._tasks.csv", [1])))).Titles.ShouldBe(["packed"]);
    }

    [Fact]
    public async Task A_bomb_is_refused_before_it_goes_off()
    {
        var bomb = new byte[8 << 20];
        Encoding.ASCII.GetBytes("title\n").CopyTo(bomb, 0);
        bomb.AsSpan(6).Fill((byte)'\n');
        var limits = new UnpackLimits { FreeBytes = 1 << 16 };
        foreach (var packed in (byte[][])[Gzip(bomb), Zip(("bomb.csv", bomb))])
            (await Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync("csv", packed, limits: limits))).Code.ShouldBe("unpacks_too_large");
    }

    [Fact]
    public async Task Archives_that_are_not_one_file_are_refused()
    {
        (await RefusedAsync(Zip(("a.csv", [1]), ("b.csv", [2])))).Code.ShouldBe("zip_files");
        (await RefusedAsync(Zip())).Code.ShouldBe("not_text");
        (await RefusedAsync([.. "PK\x03\x04"u8, .. new byte[100]])).Code.ShouldBe("zip_broken");
        (await RefusedAsync(Zip([.. Enumerable.Range(0, 300).Select(i => ($"{i}.csv", Array.Empty<byte>()))]))).Code.ShouldBe("zip_files");
        (await RefusedAsync([0x37, 0x7A, 0xBC, 0xAF, 0, 0])).Code.ShouldBe("unknown_packing");
        (await RefusedAsync([0x1F, 0x8B, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).Code.ShouldBe("packing_broken");
        (await RefusedAsync(Zip(("inner.zip", Zip(("a.csv", "title"u8.ToArray())))))).Code.ShouldBe("not_text");
    }

    private static Task<UnreadableFileException> RefusedAsync(byte[] bytes) => Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync("csv", bytes));

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Bytes)[] files)
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create))
        {
            foreach (var (name, bytes) in files)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }
        return packed.ToArray();
    }
}
