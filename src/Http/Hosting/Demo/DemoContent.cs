using Bogus;
using Events.Commands.Tasks;

namespace Events.Http.Hosting.Demo;

internal sealed record DemoProject(Guid Id, string Key, string Name, string Description);

/// <param name="Steps">What happens to it after its creation, in order.</param>
internal sealed record DemoTask(CreateTask Create, IReadOnlyList<TaskCommand> Steps);

/// <summary>
/// What a team of eight has on its boards. The same seed gives the same content and the same ids, so that filling the
/// workspace again adds only what is missing.
/// </summary>
internal sealed class DemoContent(DateOnly today)
{
    private const int Seed = 20_26;
    private const int TasksPerProject = 64;

    // Ids are UUIDv7 of this moment, made by the seed.
    private static readonly DateTimeOffset Epoch = new(2026, 1, 5, 9, 0, 0, TimeSpan.Zero);

    public static readonly IReadOnlyList<(string Name, string Color)> Labels =
    [
        ("bug", "#d73a4a"), ("feature", "#1f883d"), ("design", "#8250df"), ("research", "#0969da"),
        ("customer", "#bf8700"), ("security", "#cf222e"), ("performance", "#bc4c00"), ("docs", "#57606a"),
    ];

    private static readonly (string Key, string Name, string Description, string[] Actions, string[] Things)[] Plans =
    [
        ("WEB", "Website relaunch", "A faster site that says in one sentence what we do.",
            ["Rewrite", "Redesign", "Measure", "Translate", "Speed up", "Fix the layout of", "Add structured data to", "Review the wording of"],
            ["the pricing page", "the landing page", "the sign-up form", "the blog index", "the cookie banner", "the footer links", "the case studies", "the 404 page"]),
        ("APP", "Mobile app", "Everything that people do on the go, also without a connection.",
            ["Build", "Polish", "Cache", "Add a test for", "Make accessible", "Remove the flicker from", "Handle time-outs in", "Add haptics to"],
            ["the task list", "the offline queue", "push notifications", "the share sheet", "the login screen", "the photo upload", "deep links", "dark mode"]),
        ("OPS", "Platform", "Boring on purpose: it runs, it is watched, it comes back.",
            ["Automate", "Document", "Alert on", "Rehearse", "Upgrade", "Load-test", "Rotate the keys of", "Halve the cost of"],
            ["database restores", "the staging cluster", "certificate renewal", "the build cache", "log retention", "the webhook workers", "the read replicas", "on-call handover"]),
        ("CRM", "Customer onboarding", "From the first call to the first useful day in under a week.",
            ["Draft", "Shorten", "Record a video of", "Collect feedback on", "Import", "Follow up on", "Prepare", "Clean up"],
            ["the welcome e-mail", "the kick-off agenda", "the data import guide", "the admin training", "the contract template", "the account list", "the success plan", "the renewal reminders"]),
        ("FIN", "Finance and people", "Invoices that are right, and a place where people like to work.",
            ["Reconcile", "Approve", "Negotiate", "Schedule", "Archive", "Simplify", "Audit", "Plan"],
            ["the travel expenses", "the quarterly budget", "the supplier contracts", "the hiring interviews", "last year's invoices", "the holiday calendar", "the equipment orders", "the office move"]),
    ];

    private static readonly string[] Details =
    [
        "Came up in Monday's meeting; the numbers are in the shared sheet.",
        "Three customers asked for this in the last month. Start small: the first version may be manual.",
        "Blocked us twice this quarter, so let us do it properly this time.",
        "See the notes from the workshop. The open question is who signs it off.",
        "Goal: nobody has to ask in chat how it works.",
        "We agreed on a time box of two days. If it does not fit, we talk again.",
    ];

    private static readonly string[] Remarks =
    [
        "I had a look: smaller than we thought. I can finish it this week.",
        "Waiting for an answer from the supplier; I will ask again on Thursday.",
        "First draft is in the folder. Could somebody read it with fresh eyes?",
        "This depends on the review, let us talk after lunch.",
        "Done on staging. Numbers look good: about 30 % faster.",
        "Moved the date, as discussed with the customer.",
        "I split off the second half, it is a topic of its own.",
        "Works for me. Shipping it tomorrow morning.",
    ];

    private static readonly string[] ChecklistItems =
        ["Agree on the scope", "Collect examples", "Write it down", "Ask two people to review", "Update the guide", "Tell the team", "Measure again"];

    public IReadOnlyList<DemoProject> Projects { get; } =
        [.. Plans.Select((plan, n) => new DemoProject(Id(new Randomizer(Seed + n), minutes: n), plan.Key, plan.Name, plan.Description))];

    /// <param name="people">Who may be assigned.</param>
    public IEnumerable<DemoTask> Tasks(IReadOnlyList<Guid> people)
    {
        for (var p = 0; p < Plans.Length; p++)
        {
            var random = new Randomizer(Seed * (p + 1));
            var titles = Plans[p].Actions.SelectMany(_ => Plans[p].Things, (action, thing) => $"{action} {thing}").ToList();
            foreach (var (n, title) in random.Shuffle(titles).Take(TasksPerProject).Index())
                yield return NewTask(random, Projects[p].Id, title, people, minutes: 100 + p * TasksPerProject + n);
        }
    }

    private DemoTask NewTask(Randomizer random, Guid projectId, string title, IReadOnlyList<Guid> people, int minutes)
    {
        var status = random.WeightedRandom([WorkStatus.Backlog, WorkStatus.Todo, WorkStatus.InProgress, WorkStatus.InReview, WorkStatus.Done, WorkStatus.Cancelled], [.24f, .28f, .16f, .08f, .21f, .03f]);
        var create = new CreateTask(Id(random, minutes), projectId, title)
        {
            Description = random.Bool(.6f) ? random.ArrayElement(Details) : null,
            Status = status is WorkStatus.Backlog ? status : WorkStatus.Todo,
            Priority = random.WeightedRandom([Priority.None, Priority.Low, Priority.Medium, Priority.High, Priority.Urgent], [.25f, .2f, .3f, .2f, .05f]),
            AssigneeId = random.Bool(.75f) ? random.ListItem([.. people]) : null,
            Labels = [.. random.ListItems([.. Labels.Select(label => label.Name)], random.Int(0, 2))],
            DueOn = random.Bool(.5f) ? today.AddDays(random.Int(-10, 60)) : null,
            Estimate = random.Bool(.5f) ? random.ArrayElement([1m, 2m, 3m, 5m, 8m]) : null,
        };
        return new DemoTask(create, [.. Steps(random, status, minutes)]);
    }

    private static IEnumerable<TaskCommand> Steps(Randomizer random, WorkStatus status, int minutes)
    {
        if (random.Bool(.25f))
        {
            foreach (var text in random.ArrayElements(ChecklistItems, random.Int(2, 4)))
                yield return new AddChecklistItem(Id(random, minutes), text);
        }

        if (status is WorkStatus.InProgress or WorkStatus.InReview or WorkStatus.Done)
            yield return new ChangeTaskStatus(WorkStatus.InProgress);
        foreach (var remark in random.ArrayElements(Remarks, random.WeightedRandom([0, 1, 2, 3], [.5f, .3f, .15f, .05f])))
            yield return new AddComment(Id(random, minutes), remark);
        if (status is WorkStatus.InReview or WorkStatus.Done or WorkStatus.Cancelled)
            yield return new ChangeTaskStatus(status);
    }

    private static Guid Id(Randomizer random, int minutes)
    {
        var bytes = random.Bytes(16);
        // The time's 48 bits and the version come from a real UUIDv7, the rest from the seed.
        Guid.CreateVersion7(Epoch.AddMinutes(minutes)).ToByteArray(bigEndian: true).AsSpan(0, 6).CopyTo(bytes);
        bytes[6] = (byte)(0x70 | bytes[6] & 0x0f);
        bytes[8] = (byte)(0x80 | bytes[8] & 0x3f);
        return new Guid(bytes, bigEndian: true);
    }
}
