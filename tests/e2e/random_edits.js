// Random edits, moves, undos and scrolls of the open notebook, and whether what is underlined is
// what a fresh scan finds. Evaluates to an object of functions.
() => {
  const app = window.jupyterapp;
  const panel = () => app.shell.currentWidget;
  const notebook = () => panel().content;

  // mulberry32: a seeded generator in six lines
  const generator = seed => () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  const steps = {
    type(random, snippets) {
      const shared = pick(random, notebook().widgets).model.sharedModel;
      const text = shared.getSource();
      const at = Math.floor(random() * (text.length + 1));
      const cut = random() < 0.4 ? Math.floor(random() * Math.min(12, text.length - at + 1)) : 0;
      shared.updateSource(at, at + cut, random() < 0.7 ? pick(random, snippets) : '');
    },
    typeInEditor(random, snippets) {
      const cell = pick(random, notebook().widgets);
      const view = cell.editor?.editor;
      if (view) {
        const length = view.state.doc.length;
        const from = Math.floor(random() * (length + 1));
        const to = Math.min(length, from + (random() < 0.5 ? Math.floor(random() * 30) : 0));
        view.dispatch({ changes: { from, to, insert: pick(random, snippets) } });
      }
    },
    clear(random) {
      pick(random, notebook().widgets).model.sharedModel.setSource('');
    },
    undo(random) {
      const { sharedModel } = pick(random, notebook().widgets).model;
      random() < 0.7 ? sharedModel.undo() : sharedModel.redo();
    },
    undoStructure: () => notebook().model.sharedModel.undo(),
    move: random => run(random, random() < 0.5 ? 'notebook:move-cell-up' : 'notebook:move-cell-down'),
    insert: random => run(random, 'notebook:insert-cell-below'),
    remove: random => notebook().widgets.length > 4 && run(random, 'notebook:delete-cell'),
    async split(random) {
      const cell = pick(random, notebook().widgets);
      await cell.ready;
      const first = cell.editor?.getLine(0) ?? '';
      cell.editor?.setCursorPosition({ line: 0, column: Math.floor(random() * (first.length + 1)) });
      await run(random, 'notebook:split-cell-at-cursor', cell);
    },
    merge: random => notebook().widgets.length > 4 && run(random, 'notebook:merge-cell-below'),
    kind: random =>
      run(random, `notebook:change-cell-to-${pick(random, ['code', 'markdown', 'code', 'raw'])}`),
    scroll(random) {
      const node = notebook().node.querySelector('.jp-WindowedPanel-outer') ?? notebook().node;
      node.scrollTop = random() * node.scrollHeight;
    }
  };
  const weights = { type: 8, typeInEditor: 8, undo: 4, move: 3, scroll: 2, split: 2, merge: 2 };
  const names = Object.keys(steps).flatMap(name => Array(weights[name] ?? 1).fill(name));

  const pick = (random, list) => list[Math.floor(random() * list.length)];
  const run = async (random, command, cell = pick(random, notebook().widgets)) => {
    notebook().activeCellIndex = notebook().widgets.indexOf(cell);
    await app.commands.execute(command);
  };

  /** Do `count` random steps; their names. */
  const edit = async (seed, count, snippets) => {
    const random = generator(seed);
    const done = [];
    for (let i = 0; i < count; i++) {
      const name = pick(random, names);
      done.push(name);
      await steps[name](random, snippets);
      if (random() < 0.2) {
        await new Promise(resolve => setTimeout(resolve, random() * 200));
      }
    }
    return done;
  };

  const merged = spans => {
    const out = [];
    for (const [start, end] of [...spans].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      const last = out[out.length - 1];
      if (last && start <= last[1]) {
        last[1] = Math.max(last[1], end);
      } else {
        out.push([start, end]);
      }
    }
    return out;
  };

  /** Spans as the texts that they cover, line by line: lines are drawn one by one. */
  const covered = (text, spans) => {
    const pieces = spans.flatMap(([start, end]) => {
      let at = start;
      return text.slice(start, end).split('\n').map(piece => {
        const span = [at, at + piece.length];
        at += piece.length + 1;
        return span;
      });
    });
    return merged(pieces.filter(([start, end]) => end > start))
      .map(([start, end]) => text.slice(start, end).trim())
      .filter(Boolean);
  };

  /** What a cell's editor underlines. */
  const shown = view => {
    const spans = [];
    let at = 0;
    for (const line of view.contentDOM.querySelectorAll('.cm-line')) {
      const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest('.cm-lintRange')) {
          spans.push([at, at + node.data.length]);
        }
        at += node.data.length;
      }
      at += 1;
    }
    return covered(view.state.doc.toString(), spans);
  };

  /** What a scan of the whole notebook from nothing finds, as texts by cell. */
  const fresh = async () => {
    const content = notebook().model.sharedModel.toJSON();
    const { serverSettings } = app.serviceManager;
    const xsrf = document.cookie.match(/_xsrf=([^;]+)/)?.[1] ?? '';
    const response = await fetch(`${serverSettings.baseUrl}mlsec/api/scan`, {
      method: 'POST',
      headers: { 'X-XSRFToken': xsrf, Authorization: `token ${serverSettings.token}` },
      body: JSON.stringify({
        path: panel().context.path,
        client: String(Math.random()),
        language: 'python',
        kernel: 'python3',
        cells: content.cells.map((cell, i) => ({
          id: `fresh${i}`,
          type: cell.cell_type,
          source: cell.source,
          metadata: cell.metadata,
          outputs: cell.outputs
        }))
      })
    });
    if (!response.ok) {
      return null; // too busy: asked again
    }
    const { findings } = await response.json();
    const spans = content.cells.map(() => []);
    for (const finding of findings.filter(f => !f.suppressed)) {
      for (const place of [finding.place, ...finding.related]) {
        if (place.part === 'source') {
          spans[place.cell].push([place.start, place.end]);
        }
      }
    }
    return spans.map((list, i) => covered(content.cells[i].source, list));
  };

  /** Cells whose marks differ from a fresh scan's, asked until none do or `patience` ms are over. */
  const differences = async patience => {
    const deadline = Date.now() + patience;
    for (;;) {
      const expected = await fresh();
      if (!expected) {
        continue;
      }
      const wrong = [];
      let strayed = 0;
      let compared = 0;
      notebook().widgets.forEach((cell, i) => {
        const view = cell.editor?.editor;
        if (!view?.dom.isConnected || cell.editor.host.offsetParent === null) {
          return; // not drawn
        }
        if (view.state.doc.toString() !== cell.model.sharedModel.getSource()) {
          strayed++; // JupyterLab's own: the editor shows another text than what is saved and run
        } else {
          compared++;
          const marks = shown(view);
          if (JSON.stringify(marks) !== JSON.stringify(expected[i])) {
            wrong.push({ cell: i, shown: marks.length, expected: expected[i].length });
          }
        }
      });
      const found = expected.flat().length;
      if (!wrong.length || Date.now() > deadline) {
        return { wrong, found, strayed, compared };
      }
      await new Promise(resolve => setTimeout(resolve, 100));
    }
  };

  window.mlsecTest = { edit, differences };
}
